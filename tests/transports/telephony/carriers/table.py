"""Every carrier, in one table: add a line here, and all that is promised is tested."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from voxpipe.pipeline import AudioFormat
from voxpipe.transports.telephony.carrier import Carrier
from voxpipe.transports.telephony.exotel import Exotel
from voxpipe.transports.telephony.genesys import Genesys
from voxpipe.transports.telephony.plivo import Plivo
from voxpipe.transports.telephony.telnyx import Telnyx
from voxpipe.transports.telephony.testing import (
    ExotelWords,
    FakeCarrier,
    FakeExotel,
    FakeGenesys,
    FakePlivo,
    FakeTelnyx,
    FakeTwilio,
    FakeVonage,
    GenesysWords,
    PlivoWords,
    TelnyxWords,
    TwilioWords,
    VonageWords,
    Words,
    public_key,
)
from voxpipe.transports.telephony.twilio import Twilio
from voxpipe.transports.telephony.vonage import Vonage

PUBLIC = "https://calls.example.com"
TOKEN, OTHER_TOKEN = "0123456789abcdef", "fedcba9876543210"
KEY, OTHER_KEY = "a2V5IG9uZQ==", "a2V5IHR3bw=="
SECRET, OTHER_SECRET = bytes(range(32)), bytes(range(1, 33))

ALAW = AudioFormat("alaw", 8_000)
PCM_8K = AudioFormat("pcm16", 8_000)
PCM_16K = AudioFormat("pcm16", 16_000)
PCM_24K = AudioFormat("pcm16", 24_000)

WIRES: dict[str, Callable[[], Words]] = {
    "twilio": TwilioWords,
    "telnyx": TelnyxWords,
    "telnyx-pcma": lambda: TelnyxWords(ALAW),
    "telnyx-l16-8k": lambda: TelnyxWords(PCM_8K),
    "telnyx-l16-16k": lambda: TelnyxWords(PCM_16K),
    "telnyx-l16-24k": lambda: TelnyxWords(PCM_24K),
    "plivo": PlivoWords,
    "plivo-l16-8k": lambda: PlivoWords(PCM_8K),
    "plivo-l16-16k": lambda: PlivoWords(PCM_16K),
    "vonage-8k": lambda: VonageWords(PCM_8K),
    "vonage-16k": lambda: VonageWords(PCM_16K),
    "vonage-24k": lambda: VonageWords(PCM_24K),
    "exotel-8k": lambda: ExotelWords(PCM_8K),
    "exotel-16k": lambda: ExotelWords(PCM_16K),
    "exotel-24k": lambda: ExotelWords(PCM_24K),
    "genesys": GenesysWords,
    "genesys-l16": lambda: GenesysWords(PCM_8K),
}
"""What carriers say in a stream, in each of their formats."""


@dataclass(frozen=True, slots=True)
class Line:
    """A carrier at its endpoints.

    Attributes:
        unknown: without credentials.
        known: with them.
        fake: rings and streams, properly signed, at a URL.
        stranger: the same, signed with something else.
    """

    unknown: Callable[[], Carrier]
    known: Callable[[], Carrier]
    fake: Callable[[str], FakeCarrier[Any]]
    stranger: Callable[[str], FakeCarrier[Any]]


LINES: dict[str, Line] = {
    "twilio": Line(
        Twilio,
        lambda: Twilio(TOKEN),
        lambda url: FakeTwilio(url, auth_token=TOKEN, public_url=PUBLIC),
        lambda url: FakeTwilio(url, auth_token=OTHER_TOKEN, public_url=PUBLIC),
    ),
    "telnyx": Line(
        Telnyx,
        lambda: Telnyx(public_key(SECRET)),
        lambda url: FakeTelnyx(url, secret=SECRET, public_url=PUBLIC),
        lambda url: FakeTelnyx(url, secret=OTHER_SECRET, public_url=PUBLIC),
    ),
    "plivo": Line(
        Plivo,
        lambda: Plivo(TOKEN),
        lambda url: FakePlivo(url, auth_token=TOKEN, public_url=PUBLIC),
        lambda url: FakePlivo(url, auth_token=OTHER_TOKEN, public_url=PUBLIC),
    ),
    "vonage": Line(
        Vonage,
        lambda: Vonage(TOKEN),
        lambda url: FakeVonage(url, signature_secret=TOKEN, public_url=PUBLIC),
        lambda url: FakeVonage(url, signature_secret=OTHER_TOKEN, public_url=PUBLIC),
    ),
    "exotel": Line(
        Exotel,
        lambda: Exotel("exotel", TOKEN),
        lambda url: FakeExotel(url, user="exotel", password=TOKEN, public_url=PUBLIC),
        lambda url: FakeExotel(
            url, user="exotel", password=OTHER_TOKEN, public_url=PUBLIC
        ),
    ),
    "genesys": Line(
        Genesys,
        lambda: Genesys("key", KEY),
        lambda url: FakeGenesys(
            url, api_key="key", client_secret=KEY, public_url=PUBLIC
        ),
        lambda url: FakeGenesys(
            url, api_key="key", client_secret=OTHER_KEY, public_url=PUBLIC
        ),
    ),
}

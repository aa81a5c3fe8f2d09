"""Every carrier, in one table: add a line here, and all that is promised is tested."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from voxpipe.pipeline import AudioFormat
from voxpipe.transports.telephony.carrier import Carrier
from voxpipe.transports.telephony.plivo import Plivo
from voxpipe.transports.telephony.telnyx import Telnyx
from voxpipe.transports.telephony.testing import (
    FakeCarrier,
    FakePlivo,
    FakeTelnyx,
    FakeTwilio,
    PlivoWords,
    TelnyxWords,
    TwilioWords,
    Words,
    public_key,
)
from voxpipe.transports.telephony.twilio import Twilio

PUBLIC = "https://calls.example.com"
TOKEN, OTHER_TOKEN = "0123456789abcdef", "fedcba9876543210"
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
}

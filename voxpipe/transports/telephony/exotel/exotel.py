"""What Exotel asks, and how it is known and answered."""

from __future__ import annotations

import base64
import hmac
import json
from urllib.parse import urlencode

from voxpipe.pipeline import ConfigurationError
from voxpipe.transports.telephony.carrier.carrier import (
    Answer,
    Asked,
    Carrier,
    call_id_of,
)
from voxpipe.transports.telephony.carrier.request import JSON, Request

from .call import ExotelCall
from .codec import RATES


class Exotel(Carrier):
    """Exotel, by its Voicebot applet: at ``/exotel/answer`` and ``/exotel``.

    It signs nothing: it brings the name and the password that are in the URL that the
    applet asks, and streams are known by their tickets.

    Args:
        user: in that URL; any that you like.
        password: likewise, and nobody else knows it.
        rate: samples a second, 8,000, 16,000 or 24,000.

    Raises:
        ConfigurationError: another rate.
    """

    name = "Exotel"
    path = "/exotel"
    call = ExotelCall
    variables = ("EXOTEL_USER", "EXOTEL_PASSWORD")
    credentials = (
        "user=os.environ['EXOTEL_USER'] and password=os.environ['EXOTEL_PASSWORD'] "
        "(of your choice, for the URL in Exotel's Voicebot applet)"
    )
    console = (
        "Exotel's App Bazaar: the flow, Voicebot applet, URL, with user and password: "
        "https://USER:PASSWORD@…"
    )
    unsigned = (
        "expected the user and the password that were set here: does the applet ask "
        "https://USER:PASSWORD@…?"
    )
    signs_streams = False

    def __init__(
        self, user: str | None = None, password: str | None = None, *, rate: int = 8_000
    ) -> None:
        if rate not in RATES:
            raise ConfigurationError(
                f"rate is 8000, 16000 or 24000 samples a second, not {rate!r}"
            )
        self._known = base64.b64encode(f"{user}:{password}".encode())
        self.is_known = bool(user and password)
        self._rate = rate

    def has_asked(self, request: Request) -> bool:
        """As `Carrier.has_asked`: RFC 7617."""
        scheme, _, given = (request.header(b"authorization") or "").partition(" ")
        is_same = hmac.compare_digest(given.strip().encode(), self._known)
        return is_same and scheme.lower() == "basic" and self.is_known

    def asked(self, request: Request) -> Asked:
        """As `Carrier.asked`."""
        fields = dict(request.form())
        return Asked(
            call_id_of(fields, "CallSid"),
            caller=fields.get("CallFrom", ""),
            called=fields.get("CallTo", ""),
        )

    def answer(self, url: str, ticket: str) -> Answer:
        """As `Carrier.answer`; what is in the query comes back with the stream."""
        query = urlencode({"sample-rate": self._rate, self.ticket: ticket})
        return Answer(json.dumps({"url": f"{url}?{query}"}), JSON)

    def noted(self) -> Answer:
        """As `Carrier.noted`."""
        return Answer("{}", JSON)

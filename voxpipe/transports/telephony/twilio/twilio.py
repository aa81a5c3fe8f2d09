"""What Twilio asks, and how it is known and answered."""

from __future__ import annotations

from voxpipe.transports.telephony.carrier.carrier import (
    Answer,
    Asked,
    Carrier,
    call_id_of,
)
from voxpipe.transports.telephony.carrier.request import Request
from voxpipe.transports.telephony.placed import PlacedCall

from .answer import HANG_UP, TICKET, connect_stream
from .call import TwilioCall
from .placing import heed
from .signature import HEADER, is_signed

# Values of CallStatus; https://www.twilio.com/docs/voice/api/call-resource
PROGRESS = "call-progress-events"  # in every status callback, and nothing else
OVER = {"completed", "busy", "failed", "no-answer", "canceled"}


class Twilio(Carrier):
    """Twilio, by its Media Streams: at ``/twilio/answer`` and ``/twilio``.

    Args:
        auth_token: of the account; it signs webhooks and streams. In the console:
            Account info.
    """

    name = "Twilio"
    path = "/twilio"
    call = TwilioCall
    variables = ("TWILIO_AUTH_TOKEN",)
    credentials = (
        "auth_token=os.environ['TWILIO_AUTH_TOKEN'] (in Twilio's console: Account info)"
    )
    console = (
        'Twilio\'s console: the number, "A call comes in", Webhook, HTTP POST; "Call '
        'status changes" likewise, which frees the places of who hangs up'
    )
    unsigned = (
        "expected Twilio's signature of this URL: is auth_token that of the account, "
        "and public_url the one in its console?"
    )
    ticket = TICKET

    def __init__(self, auth_token: str | None = None) -> None:
        self._auth_token = auth_token or ""
        self.is_known = bool(auth_token)

    def has_asked(self, request: Request) -> bool:
        """As `Carrier.has_asked`."""
        fields, signature = request.posted(), request.header(HEADER)
        return signature is not None and is_signed(
            self._auth_token, request.url, fields, signature
        )

    def has_opened(self, request: Request) -> bool:
        """As `Carrier.has_opened`; an upgrade is signed like a ``GET``."""
        return self.has_asked(request)

    def asked(self, request: Request) -> Asked:
        """As `Carrier.asked`."""
        fields = dict(request.form())
        return Asked(
            call_id_of(fields, "CallSid"),
            caller=fields.get("From", ""),
            called=fields.get("To", ""),
            is_over=fields.get("CallStatus") in OVER,
            is_news=fields.get("CallbackSource") == PROGRESS,
        )

    def heed(
        self, placed: PlacedCall | None, part: str | None, request: Request
    ) -> bool:
        """As `Carrier.heed`."""
        fields = dict(request.form())
        call_id_of(fields, "CallSid")
        return heed(placed, part, fields)

    def parting(self) -> Answer:
        """As `Carrier.parting`."""
        return Answer(HANG_UP)

    def answer(self, url: str, ticket: str) -> Answer:
        """As `Carrier.answer`."""
        return Answer(connect_stream(url, ticket))

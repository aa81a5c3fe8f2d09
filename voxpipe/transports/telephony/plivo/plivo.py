"""What Plivo asks, and how it is known and answered."""

from __future__ import annotations

from voxpipe.transports.telephony.carrier.carrier import (
    Answer,
    Asked,
    Carrier,
    call_id_of,
)
from voxpipe.transports.telephony.carrier.request import Request

from .answer import TICKET, PlivoAudio, connect_stream
from .call import PlivoCall
from .signature import NONCE, SIGNATURE, is_signed

# Values of CallStatus; https://plivo.com/docs/voice/concepts/call-flows
OVER = {"completed", "busy", "failed", "timeout", "no-answer", "cancel"}


class Plivo(Carrier):
    """Plivo, by its audio streaming: at ``/plivo/answer`` and ``/plivo``.

    Args:
        auth_token: of the account; it signs webhooks and streams. In the console:
            Overview.
        audio: what calls are streamed in: mu-law goes to the model as it is.
    """

    name = "Plivo"
    path = "/plivo"
    call = PlivoCall
    variables = ("PLIVO_AUTH_TOKEN",)
    credentials = (
        "auth_token=os.environ['PLIVO_AUTH_TOKEN'] (in Plivo's console: Overview)"
    )
    console = (
        "Plivo's console: Voice, Applications, Primary Answer URL, POST; Hangup URL "
        "likewise, which frees the places of who hangs up"
    )
    unsigned = (
        "expected Plivo's signature (V3) of this URL: is auth_token that of the "
        "account, and public_url the one in its console?"
    )
    ticket = TICKET

    def __init__(
        self,
        auth_token: str | None = None,
        *,
        audio: PlivoAudio = "audio/x-mulaw;rate=8000",
    ) -> None:
        self._auth_token = auth_token or ""
        self.is_known = bool(auth_token)
        self._audio: PlivoAudio = audio

    def has_asked(self, request: Request) -> bool:
        """As `Carrier.has_asked`."""
        fields = request.posted()
        signature, nonce = request.header(SIGNATURE), request.header(NONCE)
        if signature is None or nonce is None:
            return False
        return is_signed(self._auth_token, request.url, fields, signature, nonce)

    def has_opened(self, request: Request) -> bool:
        """As `Carrier.has_opened`; an upgrade is signed like a ``GET``."""
        return self.has_asked(request)

    def asked(self, request: Request) -> Asked:
        """As `Carrier.asked`."""
        fields = dict(request.form())
        return Asked(
            call_id_of(fields, "CallUUID"),
            caller=fields.get("From", ""),
            called=fields.get("To", ""),
            is_over=fields.get("CallStatus") in OVER or fields.get("Event") == "Hangup",
        )

    def answer(self, url: str, ticket: str) -> Answer:
        """As `Carrier.answer`."""
        return Answer(connect_stream(url, ticket, audio=self._audio))

"""What Vonage asks, and how it is known and answered."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from voxpipe.pipeline import ConfigurationError
from voxpipe.transports.telephony.carrier.carrier import (
    Answer,
    Asked,
    Carrier,
    call_id_of,
)
from voxpipe.transports.telephony.carrier.request import JSON, Request

from .answer import RATE, TICKET, connect_stream
from .call import VonageCall
from .codec import RATES
from .signature import has_signed, hash_of

# https://developer.vonage.com/en/voice/voice-api/webhook-reference#event-webhook
OVER = {
    "completed",
    "busy",
    "failed",
    "rejected",
    "timeout",
    "unanswered",
    "cancelled",
    "disconnected",
}


class Vonage(Carrier):
    """Vonage, by its Voice API and WebSockets: at ``/vonage/answer`` and ``/vonage``.

    It signs what it tells the webhook, and no streams: those it is known by their
    tickets in.

    Args:
        signature_secret: of the account; in the dashboard: API settings.
        rate: samples a second, 8,000, 16,000 or 24,000: what the model has, and then
            nothing is resampled here.

    Raises:
        ConfigurationError: another rate.
    """

    name = "Vonage"
    path = "/vonage"
    call = VonageCall
    variables = ("VONAGE_SIGNATURE_SECRET",)
    credentials = (
        "signature_secret=os.environ['VONAGE_SIGNATURE_SECRET'] (in Vonage's "
        "dashboard: API settings, Signature secret)"
    )
    console = (
        "Vonage's dashboard: the application, Voice, Answer URL and Event URL, both "
        "POST, with signed webhooks"
    )
    unsigned = (
        "expected Vonage's JWT of this request, not five minutes old and not older "
        "than this server: is signature_secret that of the account, are its webhooks "
        "signed, and is the clock right?"
    )
    ticket = TICKET
    signs_streams = False

    def __init__(
        self, signature_secret: str | None = None, *, rate: int = RATE
    ) -> None:
        if rate not in RATES:
            raise ConfigurationError(
                f"rate is 8000, 16000 or 24000 samples a second, not {rate!r}"
            )
        self._secret = signature_secret or ""
        self.is_known = bool(signature_secret)
        self._rate = rate
        self._since = int(datetime.now(UTC).timestamp())

    def has_asked(self, request: Request) -> bool:
        """As `Carrier.has_asked`."""
        token = request.header(b"authorization")
        return token is not None and has_signed(
            self._secret,
            token,
            hash_of(request.body, dict(request.query())),
            datetime.now(UTC).timestamp(),
            self._since,
        )

    def asked(self, request: Request) -> Asked:
        """As `Carrier.asked`; what it tells of a call, it tells with a status."""
        told = request.object() if request.method == "POST" else dict(request.query())
        status = _text(told, "status")
        return Asked(
            call_id_of({"uuid": _text(told, "uuid")}, "uuid"),
            caller=_text(told, "from"),
            called=_text(told, "to"),
            is_over=status in OVER,
            is_news=bool(status) and status not in OVER,
        )

    def answer_to(self, asked: Asked, url: str, ticket: str) -> Answer:
        """As `Carrier.answer_to`; no message of the stream names its call."""
        text = connect_stream(url, asked.call_id, ticket, rate=self._rate)
        return Answer(text, JSON)

    def noted(self) -> Answer:
        """As `Carrier.noted`."""
        return Answer("[]", JSON)


def _text(told: Mapping[str, Any], name: str) -> str:
    text = told.get(name)
    return text if isinstance(text, str) else ""

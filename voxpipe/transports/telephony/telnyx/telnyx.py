"""What Telnyx asks, and how it is known and answered."""

from __future__ import annotations

from datetime import UTC, datetime

from voxpipe.pipeline import ConfigurationError
from voxpipe.transports.telephony.carrier.carrier import (
    Answer,
    Asked,
    Carrier,
    call_id_of,
)
from voxpipe.transports.telephony.carrier.request import Request
from voxpipe.transports.telephony.placed import PlacedCall

from .answer import TICKET, TelnyxAudio, connect_stream
from .call import TelnyxCall
from .placing import heed
from .signature import SIGNATURE, TIMESTAMP, PublicKey

# Values of CallStatus; https://developers.telnyx.com/api-reference/callbacks
OVER = {"completed", "busy", "failed", "no-answer", "canceled"}


class Telnyx(Carrier):
    """Telnyx, by TeXML and media streaming: at ``/telnyx/answer`` and ``/telnyx``.

    It signs what it tells the webhook, and no streams: those it is known by their
    tickets in.

    Args:
        public_key: of the account, in base64; in the portal: Keys & Credentials.
        audio: what calls are streamed in: G.711 goes to the model as it is.
        rate: of L16, samples a second: 8,000, 16,000 or 24,000.

    Raises:
        ConfigurationError: a key that is none, or a rate that the codec has not.
        ImportError: there is a key, and cryptography is not installed.
    """

    name = "Telnyx"
    path = "/telnyx"
    call = TelnyxCall
    variables = ("TELNYX_PUBLIC_KEY",)
    credentials = (
        "public_key=os.environ['TELNYX_PUBLIC_KEY'] (in Telnyx' portal: Keys & "
        "Credentials, Public Key)"
    )
    console = (
        'Telnyx\' portal: Voice, TeXML applications, "Send a TeXML webhook to", '
        'POST; its "Status callback" likewise, which frees the places of who hangs up'
    )
    unsigned = (
        "expected Telnyx' signature of this body, not five minutes old and not older "
        "than this server: is public_key that of the account, and the clock right?"
    )
    ticket = TICKET
    signs_streams = False
    streams_orders = True

    def __init__(
        self,
        public_key: str | None = None,
        *,
        audio: TelnyxAudio = "PCMU",
        rate: int = 8_000,
    ) -> None:
        if rate not in ((8_000, 16_000, 24_000) if audio == "L16" else (8_000,)):
            raise ConfigurationError(
                "rate is 8000, or for L16 also 16000 or 24000 samples a second, not "
                f"{rate!r}"
            )
        self._key = PublicKey(public_key) if public_key else None
        self.is_known = self._key is not None
        self._audio: TelnyxAudio = audio
        self._rate = rate
        self._since = int(datetime.now(UTC).timestamp())

    def has_asked(self, request: Request) -> bool:
        """As `Carrier.has_asked`; a ``GET`` has no body to be signed."""
        signature, timestamp = request.header(SIGNATURE), request.header(TIMESTAMP)
        if self._key is None or signature is None or timestamp is None:
            return False
        return request.method == "POST" and self._key.has_signed(
            request.body,
            signature,
            timestamp,
            datetime.now(UTC).timestamp(),
            self._since,
        )

    def asked(self, request: Request) -> Asked:
        """As `Carrier.asked`."""
        fields = dict(request.form())
        return Asked(
            call_id_of(fields, "CallSid"),
            caller=fields.get("From", ""),
            called=fields.get("To", ""),
            is_over=fields.get("CallStatus") in OVER,
        )

    def heed(
        self, placed: PlacedCall | None, part: str | None, request: Request
    ) -> bool:
        """As `Carrier.heed`: events only, which ask for nothing."""
        if placed is not None and part is None:
            heed(placed, request.body)
        return False

    def answer(self, url: str, ticket: str) -> Answer:
        """As `Carrier.answer`."""
        return Answer(connect_stream(url, ticket, audio=self._audio, rate=self._rate))

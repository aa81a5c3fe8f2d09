"""How Genesys is known: it asks no webhook, and signs each session that it opens."""

from __future__ import annotations

import base64
import binascii
from datetime import UTC, datetime
from urllib.parse import urlsplit

from anyio import current_time

from voxpipe.pipeline import ConfigurationError
from voxpipe.transports.telephony.carrier.call import CarrierCall
from voxpipe.transports.telephony.carrier.carrier import Carrier
from voxpipe.transports.telephony.carrier.request import Request
from voxpipe.transports.telephony.replays import Replays

from .call import GenesysCall
from .signature import SIGNED, claim_of

_HEADERS = ("signature", "signature-input", *SIGNED[2:])
_PORTS = {"wss": 443, "ws": 80, "https": 443, "http": 80}


class Genesys(Carrier):
    """Genesys, by an Audio Connector integration: at ``/genesys``.

    Args:
        api_key: as in the integration's credentials.
        client_secret: likewise, base64.

    Raises:
        ConfigurationError: a key without a secret, or one that is no base64.
    """

    name = "Genesys"
    path = "/genesys"
    call = GenesysCall
    variables = ("GENESYS_API_KEY", "GENESYS_CLIENT_SECRET")
    credentials = (
        "api_key=os.environ['GENESYS_API_KEY'] and "
        "client_secret=os.environ['GENESYS_CLIENT_SECRET'] (as in the credentials of "
        "the Audio Connector integration)"
    )
    console = (
        "Genesys Cloud's Admin: Integrations, Audio Connector, Base Connection URI, "
        "and the credentials"
    )
    unsigned = (
        "expected Genesys' signature of this upgrade, of these ten seconds, not older "
        "than this server, and once: "
        "are api_key and client_secret those of the integration, and public_url what "
        "its URI begins with?"
    )
    has_webhook = False

    def __init__(
        self, api_key: str | None = None, client_secret: str | None = None
    ) -> None:
        if bool(api_key) != bool(client_secret):
            raise ConfigurationError("api_key and client_secret go together")
        self._api_key = api_key or ""
        self._secret = _secret_of(client_secret or "")
        self.is_known = bool(self._secret)
        self._replays = Replays()
        self._since = int(datetime.now(UTC).timestamp())

    def has_opened(self, request: Request) -> bool:
        """As `Carrier.has_opened`; what was signed opens one session."""
        url = urlsplit(request.url)
        headers = {name: request.header(name.encode()) for name in _HEADERS}
        claim = claim_of(
            {name: text for name, text in headers.items() if text is not None},
            url.path + (f"?{url.query}" if url.query else ""),
            url.netloc.lower().removesuffix(f":{_PORTS[url.scheme]}"),
            datetime.now(UTC).timestamp(),
        )
        if (
            claim is None
            or claim.created < self._since
            or headers["x-api-key"] != self._api_key
            or not claim.is_signed(self._secret)
        ):
            return False
        sent_at, now = claim.created, current_time()
        return self._replays.claim(claim.nonce, sent_at=sent_at, now=now) == "new"

    def is_of(self, call: CarrierCall, request: Request) -> bool:
        """As `Carrier.is_of`: what is signed is that of this session and customer."""
        return isinstance(call, GenesysCall) and (call.organization, call.session) == (
            request.header(b"audiohook-organization-id"),
            request.header(b"audiohook-session-id"),
        )


def _secret_of(text: str) -> bytes:
    try:
        return base64.b64decode(text.strip().encode("ascii"), validate=True)
    except (binascii.Error, ValueError):
        pass
    # Raised here, so that it does not carry the error above.
    raise ConfigurationError(
        "client_secret is base64, as in the credentials of the integration"
    )

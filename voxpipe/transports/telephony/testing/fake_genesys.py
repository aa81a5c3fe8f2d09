"""A Genesys of one's own."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from urllib.parse import urlsplit
from uuid import uuid4

from voxpipe.pipeline import AudioFormat

from .carrier import FakeCarrier
from .genesys_words import GenesysWords
from .speech import ULAW
from .webhook import CallRefused, Stream
from .words import Words


class FakeGenesys(FakeCarrier[GenesysWords]):
    """Opens sessions as an Audio Connector does; see `FakeCarrier`.

    It asks no webhook.

    Args:
        url: of the server, such as ``http://127.0.0.1:8080``.
        api_key: of the integration.
        client_secret: signs sessions, base64; without it nothing is signed.
        path: of the Base Connection URI.
        public_url: as of `FakeCarrier`.
        format: of the audio at 8,000 Hz, mu-law or pcm16.

    Raises:
        ValueError: a url that is not http or https, or has no host.
    """

    path = "/genesys"

    def __init__(
        self,
        url: str,
        *,
        api_key: str = "",
        client_secret: str | None = None,
        path: str | None = None,
        public_url: str | None = None,
        format: AudioFormat = ULAW,
    ) -> None:
        super().__init__(url, public_url=public_url)
        self._api_key = api_key
        self._secret = client_secret
        self._where = path or self.path
        self._format = format

    def names(self, caller: str, called: str) -> GenesysWords:
        """As `FakeCarrier.names`."""
        return GenesysWords(self._format, caller=caller, called=called)

    def words(self, names: GenesysWords) -> Words:
        """As `FakeCarrier.words`."""
        return names

    def form(
        self, names: GenesysWords, caller: str, called: str, *, is_over: bool
    ) -> dict[str, str]:
        """As `FakeCarrier.form`: there is no webhook to be told."""
        return {}

    async def ring(self, names: GenesysWords, caller: str, called: str) -> Stream:
        """As `FakeCarrier.ring`: the URI is the same for all calls."""
        base = "ws" + self._public.removeprefix("http")
        return Stream(base + self._where, {})

    def signed(self, url: str, fields: Mapping[str, str] | None) -> dict[str, str]:
        """As `FakeCarrier.signed`: nothing but the upgrade is."""
        return {}

    def upgrade(self, names: GenesysWords, url: str) -> dict[str, str]:
        """As `FakeCarrier.upgrade`."""
        if self._secret is None:
            return {}
        return signature(self._api_key, self._secret, url, names, self.now())

    def stream_of(self, status: int, body: bytes) -> Stream:
        """As `FakeCarrier.stream_of`."""
        raise CallRefused("expected no webhook", status=status)


def signature(
    api_key: str, client_secret: str, url: str, names: GenesysWords, now: float
) -> dict[str, str]:
    """Genesys' headers for an upgrade: an HTTP message signature, HMAC-SHA256.

    Args:
        api_key: of the integration.
        client_secret: likewise, base64.
        url: ``wss://``.
        names: of the session, and whose it is.
        now: seconds since 1970.
    """
    parts = urlsplit(url)
    nonce = base64.b64encode(secrets.token_bytes(18)).decode("ascii")
    headers = {
        "audiohook-organization-id": names.organization,
        "audiohook-session-id": names.session,
        "audiohook-correlation-id": str(uuid4()),
        "x-api-key": api_key,
    }
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    values = {"@request-target": target, "@authority": parts.netloc, **headers}
    covered = " ".join(f'"{name}"' for name in values)
    signed = f'({covered});keyid="{api_key}";nonce="{nonce}";created={int(now)}'
    lines = [f'"{name}": {text}' for name, text in values.items()]
    base = "\n".join([*lines, f'"@signature-params": {signed}']).encode()
    digest = hmac.new(base64.b64decode(client_secret), base, hashlib.sha256).digest()
    return {
        **headers,
        "signature-input": f"sig1={signed}",
        "signature": f"sig1=:{base64.b64encode(digest).decode('ascii')}:",
    }

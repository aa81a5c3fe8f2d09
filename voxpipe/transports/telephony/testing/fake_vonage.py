"""A Vonage of one's own."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, cast
from urllib.parse import urlsplit
from uuid import uuid4

from anyio.to_thread import run_sync

from voxpipe.pipeline import AudioFormat

from .carrier import FakeCarrier
from .vonage_words import PCM, VonageWords
from .webhook import CallRefused, Stream, checked_stream, post
from .words import Words


class FakeVonage(FakeCarrier[VonageWords]):
    """Places calls as Vonage does; see `FakeCarrier`. It signs no streams.

    Args:
        url: of the server, such as ``http://127.0.0.1:8080``.
        signature_secret: signs webhooks; without it nothing is signed.
        answer: the path of the webhook.
        public_url: as of `FakeCarrier`.
        format: of the audio, which the answer has to ask for.

    Raises:
        ValueError: a url that is not http or https, or has no host.
    """

    path = "/vonage"

    def __init__(
        self,
        url: str,
        *,
        signature_secret: str | None = None,
        answer: str | None = None,
        public_url: str | None = None,
        format: AudioFormat = PCM,
    ) -> None:
        super().__init__(url, answer=answer, public_url=public_url)
        self._secret = signature_secret
        self._format = format

    def names(self, caller: str, called: str) -> VonageWords:
        """As `FakeCarrier.names`."""
        return VonageWords(self._format)

    def words(self, names: VonageWords) -> Words:
        """As `FakeCarrier.words`."""
        return names

    def form(
        self, names: VonageWords, caller: str, called: str, *, is_over: bool
    ) -> dict[str, str]:
        """As `FakeCarrier.form`."""
        told = {"uuid": names.call_id, "from": caller, "to": called}
        return told | {"status": "completed"} if is_over else told

    async def tell(self, fields: Mapping[str, str]) -> tuple[int, bytes]:
        """As `FakeCarrier.tell`, as JSON."""
        body = json.dumps(dict(fields))
        headers = {
            "Content-Type": "application/json",
            "Host": urlsplit(self._public).netloc,
        }
        if self._secret is not None:
            headers["Authorization"] = signature(
                self._secret, body.encode(), iat=int(self.now())
            )
        return await run_sync(post, self._url + self._answer, body, headers)

    def signed(self, url: str, fields: Mapping[str, str] | None) -> dict[str, str]:
        """As `FakeCarrier.signed`."""
        return {}

    def stream_of(self, status: int, body: bytes) -> Stream:
        """As `FakeCarrier.stream_of`."""
        match parsed(status, body):
            case [
                {"action": "connect", "endpoint": [{"type": "websocket"} as endpoint]}
            ]:
                told = cast("dict[str, Any]", endpoint)
            case _:
                raise CallRefused("expected a connect to a websocket", status=status)
        if told.get("content-type") != f"audio/l16;rate={self._format.rate}":
            raise CallRefused("expected the format of this fake", status=status)
        return Stream(checked_stream(str(told.get("uri"))), told.get("headers", {}))


def parsed(status: int, body: bytes) -> Any:
    """The JSON that a webhook has answered.

    Raises:
        CallRefused: something else.
    """
    if status == 200:
        try:
            return json.loads(body)
        except ValueError:
            pass
    words = body[:500].decode("utf-8", "replace").strip()
    raise CallRefused(f"the webhook answered HTTP {status}: {words}", status=status)


def signature(secret: str, body: bytes, **claims: Any) -> str:
    """Vonage's header for a body: a JWT, by HMAC-SHA256.

    Args:
        secret: of the account.
        body: what is posted.
        claims: other than it says.
    """
    said: dict[str, Any] = {
        "iat": int(datetime.now(UTC).timestamp()),
        "jti": str(uuid4()),
        "iss": "Vonage",
        "payload_hash": hashlib.sha256(body).hexdigest(),
        "api_key": "a1b2c3d",
    }
    parts = [{"alg": "HS256", "typ": "JWT"}, said | claims]
    signed = ".".join(_encoded(json.dumps(part).encode()) for part in parts)
    digest = hmac.new(secret.encode(), signed.encode(), hashlib.sha256).digest()
    return f"Bearer {signed}.{_encoded(digest)}"


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")

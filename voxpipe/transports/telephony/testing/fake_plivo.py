"""A Plivo of one's own."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from uuid import uuid4

from voxpipe.pipeline import AudioFormat

from .carrier import FakeCarrier
from .plivo_words import PlivoWords
from .speech import ULAW
from .webhook import CallRefused, Stream, checked_stream, response_in
from .words import Words


class FakePlivo(FakeCarrier[PlivoWords]):
    """Places calls as Plivo does; see `FakeCarrier`.

    Args:
        url: of the server, such as ``http://127.0.0.1:8080``.
        auth_token: signs as Plivo does; without it nothing is signed.
        answer: the path of the webhook.
        public_url: as of `FakeCarrier`.
        format: of the audio, which the answer has to ask for.

    Raises:
        ValueError: a url that is not http or https, or has no host.
    """

    path = "/plivo"

    def __init__(
        self,
        url: str,
        *,
        auth_token: str | None = None,
        answer: str | None = None,
        public_url: str | None = None,
        format: AudioFormat = ULAW,
    ) -> None:
        super().__init__(url, answer=answer, public_url=public_url)
        self._auth_token = auth_token
        self._format = format

    def names(self, caller: str, called: str) -> PlivoWords:
        """As `FakeCarrier.names`."""
        return PlivoWords(self._format)

    def words(self, names: PlivoWords) -> Words:
        """As `FakeCarrier.words`."""
        return names

    def form(
        self, names: PlivoWords, caller: str, called: str, *, is_over: bool
    ) -> dict[str, str]:
        """As `FakeCarrier.form`."""
        return {
            "CallUUID": names.call_id,
            "From": caller,
            "To": called,
            "CallStatus": "completed" if is_over else "ringing",
            "Event": "Hangup" if is_over else "StartApp",
            "Direction": "inbound",
        }

    def signed(self, url: str, fields: Mapping[str, str] | None) -> dict[str, str]:
        """As `FakeCarrier.signed`."""
        if self._auth_token is None:
            return {}
        nonce = uuid4().hex
        return {
            "X-Plivo-Signature-V3": signature(
                self._auth_token, url, fields or {}, nonce
            ),
            "X-Plivo-Signature-V3-Nonce": nonce,
        }

    def stream_of(self, status: int, body: bytes) -> Stream:
        """As `FakeCarrier.stream_of`."""
        stream = response_in(status, body).find("./Stream")
        if stream is None or stream.get("bidirectional") != "true":
            raise CallRefused(
                "expected <Response><Stream bidirectional='true'>", status=status
            )
        headers = [
            pair.partition("=") for pair in stream.get("extraHeaders", "").split(";")
        ]
        passed = {name: value for name, _, value in headers if name}
        if not all((name + value).isalnum() for name, value in passed.items()):
            raise CallRefused(
                "extraHeaders hold letters and digits only", status=status
            )
        return Stream(checked_stream((stream.text or "").strip()), passed)


def signature(auth_token: str, url: str, fields: Mapping[str, str], nonce: str) -> str:
    """Plivo's, V3, of a URL without a query: HMAC-SHA256, as base64."""
    text = url + ("?" if fields else "")
    text += "".join(name + fields[name] for name in sorted(fields))
    text += f".{nonce}"
    digest = hmac.new(auth_token.encode(), text.encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode("ascii")

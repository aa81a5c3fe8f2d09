"""A Telnyx of one's own."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from urllib.parse import urlencode

from voxpipe.pipeline import AudioFormat

from .carrier import FakeCarrier
from .speech import ULAW
from .telnyx_words import TelnyxWords
from .webhook import CallRefused, Stream, checked_stream, response_in
from .words import Words


class FakeTelnyx(FakeCarrier[TelnyxWords]):
    """Places calls as Telnyx does; see `FakeCarrier`. It signs no streams.

    Args:
        url: of the server, such as ``http://127.0.0.1:8080``.
        secret: 32 bytes, to sign with, which needs ``voxpipe[telnyx]``; `public_key`
            is for the server. Without it nothing is signed.
        answer: the path of the webhook.
        public_url: as of `FakeCarrier`.
        format: of the audio, which the answer has to ask for.

    Raises:
        ValueError: a url that is not http or https, or has no host.
    """

    path = "/telnyx"

    def __init__(
        self,
        url: str,
        *,
        secret: bytes | None = None,
        answer: str | None = None,
        public_url: str | None = None,
        format: AudioFormat = ULAW,
    ) -> None:
        super().__init__(url, answer=answer, public_url=public_url)
        self._secret = secret
        self._format = format

    def names(self, caller: str, called: str) -> TelnyxWords:
        """As `FakeCarrier.names`."""
        return TelnyxWords(self._format, caller=caller, called=called)

    def words(self, names: TelnyxWords) -> Words:
        """As `FakeCarrier.words`."""
        return names

    def form(
        self, names: TelnyxWords, caller: str, called: str, *, is_over: bool
    ) -> dict[str, str]:
        """As `FakeCarrier.form`."""
        return {
            "AccountSid": "f5586561-8ff0-4291-a51b-c7dfe4139ff9",
            "CallSid": names.call_id,
            "CallStatus": "completed" if is_over else "ringing",
            "From": caller,
            "To": called,
        }

    def signed(self, url: str, fields: Mapping[str, str] | None) -> dict[str, str]:
        """As `FakeCarrier.signed`."""
        if self._secret is None or fields is None:
            return {}
        return signature(self._secret, urlencode(fields).encode(), self.now())

    def stream_of(self, status: int, body: bytes) -> Stream:
        """As `FakeCarrier.stream_of`."""
        stream = response_in(status, body).find("./Connect/Stream")
        if stream is None or stream.get("bidirectionalMode") != "rtp":
            raise CallRefused(
                "expected <Response><Connect><Stream bidirectionalMode='rtp'>",
                status=status,
            )
        passed = {
            each.get("name", ""): each.get("value", "")
            for each in stream.findall("Parameter")
        }
        return Stream(checked_stream(stream.get("url", "")), passed)


def public_key(secret: bytes) -> str:
    """The key for the server, as Telnyx' portal shows it."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key = Ed25519PrivateKey.from_private_bytes(secret).public_key()
    return base64.b64encode(key.public_bytes_raw()).decode("ascii")


def signature(secret: bytes, body: bytes, now: float) -> dict[str, str]:
    """Telnyx' headers for a body: Ed25519 of the time and it."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    timestamp = str(int(now))
    key = Ed25519PrivateKey.from_private_bytes(secret)
    signed = key.sign(timestamp.encode() + b"|" + body)
    return {
        "telnyx-signature-ed25519": base64.b64encode(signed).decode("ascii"),
        "telnyx-timestamp": timestamp,
    }

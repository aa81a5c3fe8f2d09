"""A Twilio of one's own."""

from __future__ import annotations

from collections.abc import Mapping

from .carrier import FakeCarrier
from .twilio_words import Sids, TwilioWords
from .webhook import Stream, form, signature, stream_of
from .words import Words


class FakeTwilio(FakeCarrier[Sids]):
    """Places calls as Twilio does; see `FakeCarrier`.

    Args:
        url: of the server, such as ``http://127.0.0.1:8080``.
        auth_token: signs as Twilio does; without it nothing is signed.
        answer: the path of the webhook.
        public_url: as of `FakeCarrier`.

    Raises:
        ValueError: a url that is not http or https, or has no host.
    """

    path = "/twilio"

    def __init__(
        self,
        url: str,
        *,
        auth_token: str | None = None,
        answer: str | None = None,
        public_url: str | None = None,
    ) -> None:
        super().__init__(url, answer=answer, public_url=public_url)
        self._auth_token = auth_token

    def names(self, caller: str, called: str) -> Sids:
        """As `FakeCarrier.names`."""
        return Sids.new()

    def words(self, names: Sids) -> Words:
        """As `FakeCarrier.words`."""
        return TwilioWords(names)

    def form(
        self, names: Sids, caller: str, called: str, *, is_over: bool
    ) -> dict[str, str]:
        """As `FakeCarrier.form`."""
        status = "completed" if is_over else "ringing"
        return form(names, caller, called, status=status)

    def signed(self, url: str, fields: Mapping[str, str] | None) -> dict[str, str]:
        """As `FakeCarrier.signed`."""
        if self._auth_token is None:
            return {}
        return {"X-Twilio-Signature": signature(self._auth_token, url, fields or {})}

    def stream_of(self, status: int, body: bytes) -> Stream:
        """As `FakeCarrier.stream_of`."""
        return stream_of(status, body)

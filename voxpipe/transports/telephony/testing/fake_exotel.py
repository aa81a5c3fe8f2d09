"""An Exotel of one's own."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from functools import partial
from urllib.parse import parse_qsl, urlencode, urlsplit

from anyio.to_thread import run_sync

from voxpipe.pipeline import AudioFormat

from .carrier import FakeCarrier
from .exotel_words import PCM, ExotelWords
from .fake_vonage import parsed
from .webhook import CallRefused, Stream, checked_stream, post
from .words import Words


class FakeExotel(FakeCarrier[ExotelWords]):
    """Places calls as Exotel's Voicebot applet does; see `FakeCarrier`.

    Args:
        url: of the server, such as ``http://127.0.0.1:8080``.
        user: in the URL that the applet asks; without it nobody is named.
        password: likewise.
        answer: the path of the webhook.
        public_url: as of `FakeCarrier`.
        format: of the audio, which the answer has to ask for.

    Raises:
        ValueError: a url that is not http or https, or has no host.
    """

    path = "/exotel"

    def __init__(
        self,
        url: str,
        *,
        user: str | None = None,
        password: str = "",
        answer: str | None = None,
        public_url: str | None = None,
        format: AudioFormat = PCM,
    ) -> None:
        super().__init__(url, answer=answer, public_url=public_url)
        known = base64.b64encode(f"{user}:{password}".encode()).decode("ascii")
        self._named = {} if user is None else {"Authorization": f"Basic {known}"}
        self._format = format

    def names(self, caller: str, called: str) -> ExotelWords:
        """As `FakeCarrier.names`."""
        return ExotelWords(self._format, caller=caller, called=called)

    def words(self, names: ExotelWords) -> Words:
        """As `FakeCarrier.words`."""
        return names

    def form(
        self, names: ExotelWords, caller: str, called: str, *, is_over: bool
    ) -> dict[str, str]:
        """As `FakeCarrier.form`; it tells of no end."""
        return {"CallSid": names.call_id, "CallFrom": caller, "CallTo": called}

    async def tell(self, fields: Mapping[str, str]) -> tuple[int, bytes]:
        """As `FakeCarrier.tell`, by a ``GET``."""
        url = f"{self._url}{self._answer}?{urlencode(fields)}"
        headers = {**self._named, "Host": urlsplit(self._public).netloc}
        return await run_sync(partial(post, url, "", headers, method="GET"))

    def signed(self, url: str, fields: Mapping[str, str] | None) -> dict[str, str]:
        """As `FakeCarrier.signed`."""
        return {}

    def stream_of(self, status: int, body: bytes) -> Stream:
        """As `FakeCarrier.stream_of`; the query is passed on, but for the rate."""
        match parsed(status, body):
            case {"url": str(url)}:
                pass
            case _:
                raise CallRefused("expected the url of a stream", status=status)
        url, _, query = url.partition("?")
        passed = dict(parse_qsl(query))
        rate = passed.pop("sample-rate", "8000")
        if rate != str(self._format.rate) or len(passed) > 3 or len(query) > 256:
            raise CallRefused("expected the rate of this fake", status=status)
        return Stream(checked_stream(url), passed)

"""A carrier of one's own: it rings at a server's webhook, and streams to it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import ClassVar, Generic, TypeVar
from urllib.parse import urlencode, urlsplit, urlunsplit

from anyio import current_time
from anyio.to_thread import run_sync

from .caller import PATIENCE, Caller
from .dial import dialled
from .leg import BadLine, Leg
from .webhook import Stream, post
from .words import Words

Names = TypeVar("Names")
"""A carrier's names for a call that is about to be placed, and for its stream."""


class FakeCarrier(Generic[Names]):
    """Places calls to a server, over real HTTP and a real WebSocket, in real time.

    Args:
        url: of the server, such as ``http://127.0.0.1:8080``.
        answer: the path of the webhook, if it is another than the carrier's.
        public_url: what the server believes to be called, if that is not ``url``: it
            is what is signed, and a stream to its host goes to ``url``.

    Attributes:
        age: seconds since it has signed what it sends, where signatures have a time:
            as somebody who has overheard it and sends it again.

    Raises:
        ValueError: a url that is not http or https, or has no host.
    """

    path: ClassVar[str]

    def __init__(
        self, url: str, *, answer: str | None = None, public_url: str | None = None
    ) -> None:
        self._url = _checked(url)
        self._public = _checked(public_url or url)
        self._answer = answer or f"{self.path}/answer"
        self.age = 0.0

    # --- what each has of its own

    def names(self, caller: str, called: str) -> Names:
        """Of a new call."""
        raise NotImplementedError

    def words(self, names: Names) -> Words:
        """What it will say in the stream of a call."""
        raise NotImplementedError

    def form(
        self, names: Names, caller: str, called: str, *, is_over: bool
    ) -> dict[str, str]:
        """What it tells a webhook of an incoming call, and at its end."""
        raise NotImplementedError

    def signed(self, url: str, fields: Mapping[str, str] | None) -> dict[str, str]:
        """The headers of a request with a form, or of an upgrade without one."""
        raise NotImplementedError

    def upgrade(self, names: Names, url: str) -> dict[str, str]:
        """The headers of the upgrade to this stream."""
        return self.signed(url, None)

    def now(self) -> float:
        """Seconds since 1970, when it signs."""
        return datetime.now(UTC).timestamp() - self.age

    def stream_of(self, status: int, body: bytes) -> Stream:
        """What a webhook has answered.

        Raises:
            CallRefused: with anything that does not connect the call to a stream.
        """
        raise NotImplementedError

    # --- what is the same for all

    @asynccontextmanager
    async def call(
        self,
        *,
        caller: str = "+15550100",
        called: str = "+15550199",
        parameters: Mapping[str, str] | None = None,
        line: BadLine | None = None,
        patience: float = PATIENCE,
    ) -> AsyncGenerator[Caller]:
        """Call the server; the caller hangs up at the end of the block.

        Args:
            caller: who calls.
            called: the number that they call.
            parameters: passed on beside those that the webhook asks for.
            line: what goes wrong.
            patience: seconds of silence after which `Caller.wait_closed` waits no more.

        Raises:
            CallRefused: the webhook, or the server of the stream, does not want it.
            TransportError: nobody answers.
        """
        names = self.names(caller, called)
        stream = await self.ring(names, caller, called)
        async with self.connected(
            stream, names, parameters=parameters, line=line, patience=patience
        ) as person:
            yield person

    @asynccontextmanager
    async def connected(
        self,
        stream: Stream,
        names: Names,
        *,
        parameters: Mapping[str, str] | None = None,
        line: BadLine | None = None,
        patience: float = PATIENCE,
    ) -> AsyncGenerator[Caller]:
        """Open the stream that a webhook has asked for; otherwise as `call`.

        Raises:
            CallRefused: the server of the stream does not want it.
            TransportError: nobody answers.
        """
        headers = self.upgrade(names, stream.url)
        async with dialled(self._local(stream.url), headers) as connection:
            leg = Leg(
                current_time(),
                self.words(names),
                parameters={**stream.parameters, **(parameters or {})},
                line=line,
            )
            async with Caller(leg, connection, patience=patience) as person:
                yield person

    async def ring(self, names: Names, caller: str, called: str) -> Stream:
        """Only ask the webhook what to do with a call.

        Raises:
            CallRefused: it does not want it.
            TransportError: nobody answers.
        """
        form = self.form(names, caller, called, is_over=False)
        return self.stream_of(*await self.tell(form))

    async def give_up(self, names: Names, caller: str, called: str) -> int:
        """The caller hangs up while it rings: tell the webhook, as a number does whose
        status callback leads there.

        Returns:
            The status of HTTP.

        Raises:
            TransportError: nobody answers.
        """
        status, _ = await self.tell(self.form(names, caller, called, is_over=True))
        return status

    async def tell(self, fields: Mapping[str, str]) -> tuple[int, bytes]:
        """Post a form to the webhook, signed; gives the status of HTTP and the answer.

        Raises:
            TransportError: nobody answers.
        """
        headers = self.signed(self._public + self._answer, fields)
        headers["Host"] = urlsplit(self._public).netloc
        body = urlencode(fields)
        return await run_sync(post, self._url + self._answer, body, headers)

    def _local(self, url: str) -> str:
        """Where a stream really goes to: the public host is not ours to reach."""
        parts, local = urlsplit(url), urlsplit(self._url)
        if parts.netloc != urlsplit(self._public).netloc:
            return url
        scheme = "wss" if local.scheme == "https" else "ws"
        return urlunsplit(parts._replace(scheme=scheme, netloc=local.netloc))


def _checked(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise ValueError(f"expected http://host:port, got {url!r}")
    return url.rstrip("/")

"""A TCP proxy in the process of a test, that fails as it is told."""

from __future__ import annotations

import socket
import struct
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from random import Random
from typing import Literal, Self
from urllib.parse import urlsplit, urlunsplit

from anyio import (
    AsyncContextManagerMixin,
    BrokenResourceError,
    ClosedResourceError,
    EndOfStream,
    Event,
    connect_tcp,
    create_memory_object_stream,
    create_task_group,
    create_tcp_listener,
    current_time,
    sleep,
    sleep_until,
)
from anyio.abc import SocketAttribute, SocketStream, TaskGroup
from anyio.streams.memory import (
    MemoryObjectReceiveStream,
    MemoryObjectSendStream,
)

from voxpipe.pipeline import ConfigurationError, TransportError

from .toxics import (
    Bandwidth,
    Latency,
    LimitData,
    Refusal,
    ResetPeer,
    Slicer,
    SlowClose,
    Timeout,
    Toxic,
)

Direction = Literal["upstream", "downstream"]
PIECE = 16_384  # bytes that are read at once
WAITING = 64  # pieces that are late at the same time, until the sender has to wait
MAX_HEAD = 16_384  # bytes of a request that is refused
_NOW = struct.pack("ii", 1, 0)  # SO_LINGER: closing resets
_Piece = tuple[float, bytes]  # when it came


class ChaosProxy(AsyncContextManagerMixin):
    """Stands in front of a server, on loopback, and passes everything on, unless told.

    Open it with ``async with``. What is told it holds at once, also for connections
    that there are; nothing of it depends on chance but for `seed`.

    Args:
        url: of the server, ``http://`` or ``ws://``; TLS goes through as it is.
        port: where to listen; 0 for any that is free.
        seed: of the dice of jitter and slices.

    Attributes:
        refusal: what new connections are told; ``None``: they are passed on. Not to
            clients that speak TLS.
        accepted: how many connections there were.
        reached: the first has come.

    Raises:
        ConfigurationError: no address of a server.
        TransportError: on entering: the port cannot be had.
    """

    def __init__(self, url: str, *, port: int = 0, seed: int = 0) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https", "ws", "wss") or not parts.hostname:
            raise ConfigurationError(
                "expected the address of a server, as http://127.0.0.1:8081/v1, got "
                f"one of the scheme {parts.scheme!r}"
            )
        self._parts = parts
        secure = parts.scheme in ("https", "wss")
        self._host, self._port = parts.hostname, parts.port or (443 if secure else 80)
        self._listens = port
        self._dice = Random(seed)
        self._toxics: dict[Direction, list[Toxic]] = {"upstream": [], "downstream": []}
        self._links: set[_Link] = set()
        self._is_down = False
        self._tasks: TaskGroup | None = None
        self.refusal: Refusal | None = None
        self.accepted = 0
        self.reached = Event()

    @property
    def url(self) -> str:
        """The server's address, by way of this proxy, once that is open."""
        return urlunsplit(self._parts._replace(netloc=f"127.0.0.1:{self._listens}"))

    @property
    def connections(self) -> int:
        """How many there are."""
        return len(self._links)

    @asynccontextmanager
    async def __asynccontextmanager__(self) -> AsyncGenerator[Self]:
        try:
            listener = await create_tcp_listener(
                local_host="127.0.0.1", local_port=self._listens
            )
        except OSError as error:
            raise TransportError(
                f"cannot listen on port {self._listens}: {error.strerror}; port 0 "
                "takes any that is free"
            ) from error
        self._listens = listener.extra(SocketAttribute.local_port)
        async with listener, create_task_group() as self._tasks:
            self._tasks.start_soon(listener.serve, self._accept)
            try:
                yield self
            finally:
                self._tasks.cancel_scope.cancel()
                self._tasks = None

    # --- what goes wrong

    def add(self, toxic: Toxic, direction: Direction = "downstream") -> None:
        """Have something go wrong from now on, until it is removed.

        Args:
            toxic: what.
            direction: with what the client sends, or with what it is sent.
        """
        self._toxics[direction].append(toxic)
        for link in self._links:
            link.begin(toxic)

    def remove(self, toxic: Toxic, direction: Direction = "downstream") -> None:
        """Have it go wrong no more; what was lost stays lost.

        Raises:
            ValueError: it does not.
        """
        self._toxics[direction].remove(toxic)

    def clear(self) -> None:
        """All goes well again: no toxic, no refusal, and it is up."""
        for each in self._toxics.values():
            each.clear()
        self.refusal, self._is_down = None, False

    def reset(self) -> None:
        """Reset every connection that there is, as a process does that dies."""
        for link in tuple(self._links):
            link.reset()

    def down(self) -> None:
        """As `reset`, and every new one likewise, until `clear`."""
        self._is_down = True
        self.reset()

    # --- connections

    async def _accept(self, client: SocketStream) -> None:
        self.accepted += 1
        self.reached.set()
        async with client:
            if self._is_down:
                _linger(client)
            elif self.refusal is not None:
                await _refuse(client, self.refusal)
            else:
                with suppress(OSError):  # nobody listens there: the client is let go
                    async with await connect_tcp(self._host, self._port) as server:
                        await self._carry(client, server)

    async def _carry(self, client: SocketStream, server: SocketStream) -> None:
        async with create_task_group() as tasks:
            link = _Link(tasks, client, server)
            self._links.add(link)
            try:
                for each in (*self._toxics["upstream"], *self._toxics["downstream"]):
                    link.begin(each)
                async with create_task_group() as both:
                    both.start_soon(self._pass_on, link, client, server, "upstream")
                    both.start_soon(self._pass_on, link, server, client, "downstream")
                tasks.cancel_scope.cancel()  # what was to strike later
            finally:
                self._links.discard(link)

    async def _pass_on(
        self,
        link: _Link,
        source: SocketStream,
        sink: SocketStream,
        direction: Direction,
    ) -> None:
        came, waiting = create_memory_object_stream[_Piece](WAITING)
        async with create_task_group() as tasks:
            tasks.start_soon(_read, source, came)
            try:
                await self._write(link, waiting, sink, self._toxics[direction])
            except (BrokenResourceError, ClosedResourceError):
                link.close()  # who does not listen any more is told nothing more
            tasks.cancel_scope.cancel()

    async def _write(
        self,
        link: _Link,
        waiting: MemoryObjectReceiveStream[_Piece],
        sink: SocketStream,
        toxics: list[Toxic],
    ) -> None:
        due, passed = 0.0, 0
        with waiting:
            async for came, data in waiting:
                due = max(due, came + self._late(toxics))
                await sleep_until(due)
                if any(isinstance(each, Timeout) for each in toxics):
                    continue
                for piece, pause in self._slices(data, toxics):
                    left = _left(toxics, passed)
                    if left is not None and len(piece) >= left:
                        await sink.send(piece[:left])
                        link.close()
                        return
                    await sleep(pause + _takes(len(piece), toxics))
                    await sink.send(piece)
                    passed += len(piece)
        await sleep(sum(each.seconds for each in toxics if isinstance(each, SlowClose)))
        await sink.send_eof()

    def _late(self, toxics: list[Toxic]) -> float:
        return sum(
            max(0.0, each.seconds + each.jitter * self._dice.uniform(-1, 1))
            for each in toxics
            if isinstance(each, Latency)
        )

    def _slices(
        self, data: bytes, toxics: list[Toxic]
    ) -> Iterator[tuple[bytes, float]]:
        slicer = next((each for each in toxics if isinstance(each, Slicer)), None)
        if slicer is None:
            yield data, 0.0
            return
        at = 0
        while at < len(data):
            least, most = slicer.size - slicer.variation, slicer.size + slicer.variation
            end = at + self._dice.randint(least, most)
            yield data[at:end], slicer.delay if at else 0.0
            at = end


class _Link:
    """One connection through the proxy.

    Args:
        tasks: of this connection; they end with it.
        ends: the client's, and the server's.
    """

    def __init__(self, tasks: TaskGroup, *ends: SocketStream) -> None:
        self._tasks = tasks
        self._ends = ends

    def begin(self, toxic: Toxic) -> None:
        """Have those strike that need no data."""
        if isinstance(toxic, ResetPeer):
            self._tasks.start_soon(self._later, toxic.seconds, self.reset)
        elif isinstance(toxic, Timeout) and toxic.seconds:
            self._tasks.start_soon(self._later, toxic.seconds, self.close)

    async def _later(self, seconds: float, strike: Callable[[], None]) -> None:
        await sleep(seconds)
        strike()

    def close(self) -> None:
        """End it, as one does who is polite."""
        self._tasks.cancel_scope.cancel()

    def reset(self) -> None:
        """End it, as one does who dies."""
        for each in self._ends:
            _linger(each)
        self.close()


async def _read(source: SocketStream, came: MemoryObjectSendStream[_Piece]) -> None:
    with came, suppress(EndOfStream, BrokenResourceError, ClosedResourceError):
        while True:
            data = await source.receive(PIECE)
            await came.send((current_time(), data))


def _left(toxics: list[Toxic], passed: int) -> int | None:
    limits = [each.bytes for each in toxics if isinstance(each, LimitData)]
    return max(0, min(limits) - passed) if limits else None


def _takes(size: int, toxics: list[Toxic]) -> float:
    return sum(size / each.rate for each in toxics if isinstance(each, Bandwidth))


def _linger(stream: SocketStream) -> None:
    with suppress(OSError):  # it has ended already
        raw = stream.extra(SocketAttribute.raw_socket)
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NOW)


async def _refuse(client: SocketStream, refusal: Refusal) -> None:
    head = b""
    with suppress(EndOfStream, BrokenResourceError):
        while b"\r\n\r\n" not in head and len(head) < MAX_HEAD:
            head += await client.receive(PIECE)
        wait = refusal.retry_after
        told = "" if wait is None else f"Retry-After: {wait}\r\n"
        answer = (
            f"HTTP/1.1 {refusal.status} Refused\r\n{told}"
            "Content-Length: 0\r\nConnection: close\r\n\r\n"
        )
        await client.send(answer.encode())
        await client.send_eof()

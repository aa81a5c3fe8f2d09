"""The bytes under a WebSocket on trio, in the way that asyncio has transports."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import AsyncExitStack, contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from anyio import CancelScope, create_task_group

from voxpipe.pipeline.runtime.wakeup import Wakeup

if TYPE_CHECKING:
    import socket
    import ssl

    from .plain_wire import PlainWire

_PIECE = 4 * 2**10  # bytes to send at once; whether they left is looked at


async def stream_of(
    sock: socket.socket,
    tls: ssl.SSLContext | None,
    *,
    server_hostname: str | None = None,
) -> Any:
    """A stream of trio's over a connected socket, which is closed with it.

    Args:
        sock: does not block.
        tls: to be spoken over it, if any.
        server_hostname: whom to expect; without one this is the server's end.

    Raises:
        OSError, EOFError: there was no handshake.
    """
    import trio  # an extra

    stream = trio.SocketStream(trio.socket.from_stdlib_socket(sock))
    if tls is None:
        return stream
    async with AsyncExitStack() as failing:
        failing.push_async_callback(trio.aclose_forcefully, stream)
        secured = trio.SSLStream(
            stream,
            tls,
            server_hostname=server_hostname,
            server_side=server_hostname is None,
            https_compatible=True,  # most hang up without a word of TLS
        )
        try:
            await secured.do_handshake()
        except trio.BrokenResourceError as broken:
            raise _cause(broken) or EOFError() from None
        failing.pop_all()
    return secured


class Target(Protocol):
    """Who has the bytes."""

    def feed(self, data: bytes, /) -> None:
        """So much has come."""
        ...

    def end(self) -> bool | None:
        """Nothing more will come; whether it wants to go on sending."""
        ...

    def connection_lost(self, exc: Exception | None, /) -> None:
        """The bytes have ended."""
        ...

    def pause_writing(self) -> None:
        """So much waits to be sent that it had better wait."""
        ...

    def resume_writing(self) -> None:
        """It need not any longer."""
        ...


class TrioTransport:
    """A stream of trio's, in the way that asyncio has transports.

    Args:
        stream: it is closed in the end.
        target: told of all that happens.
        full: bytes that the system has not taken; more make a sender wait.
        read_size: bytes that are read at once.

    Attributes:
        wire: told instead, once there is one.
    """

    def __init__(
        self, stream: Any, target: Target, *, full: int, read_size: int
    ) -> None:
        self._stream = stream
        self._told = target
        self._most = full
        self._read_size = read_size
        self.wire: PlainWire | None = None
        self._unsent = bytearray()  # no more than `full`, and what may not wait
        self._changed = Wakeup()
        self._resumed = Wakeup()
        self._reading = True
        self._closing = self._says_eof = self._full = False
        self._scope = CancelScope()
        self._error: Exception | None = None

    async def run(self) -> None:
        """Carry bytes until one side has ended it; no cancellation does but `abort`."""
        from trio import aclose_forcefully

        try:
            with CancelScope(shield=True):
                with self._scope:
                    async with create_task_group() as tasks:
                        tasks.start_soon(self._send)
                        await self._receive()
                await aclose_forcefully(self._stream)
        finally:
            self._target.connection_lost(self._error)

    def write(self, data: bytes, /) -> None:
        """Send, as soon as the system takes it."""
        self._unsent += data
        if len(self._unsent) > self._most and not self._full:
            self._full = True
            self._target.pause_writing()
        self._changed.set()

    def can_write_eof(self) -> bool:
        """Whether it can say that no more comes, and read on; over TLS it cannot."""
        return hasattr(self._stream, "send_eof")

    def write_eof(self) -> None:
        """Say so when all is sent."""
        self._says_eof = True
        self._changed.set()

    def is_closing(self) -> bool:
        """Whether it is ended, or will be when all is sent."""
        return self._closing or self._scope.cancel_called

    def close(self) -> None:
        """End it when all is sent."""
        self._closing = True
        self._changed.set()

    def abort(self) -> None:
        """End it now."""
        self._scope.cancel()

    def pause_reading(self) -> None:
        """Let what comes wait."""
        self._reading = False

    def resume_reading(self) -> None:
        """Do so no longer."""
        self._reading = True
        self._resumed.set()

    def get_write_buffer_size(self) -> int:
        """Bytes that the system has not taken."""
        return len(self._unsent)

    def set_write_buffer_limits(self, high: int) -> None:
        """How many that may be until who sends is to wait."""
        self._most = high

    def get_extra_info(self, name: str) -> Any:
        """The address of either side, as asyncio has it; else nothing."""
        addresses = {"peername": "getpeername", "sockname": "getsockname"}
        below = getattr(self._stream, "transport_stream", self._stream)
        if name == "linger":  # not "socket": that is asyncio's
            return below.socket
        return getattr(below.socket, addresses[name])() if name in addresses else None

    @property
    def _target(self) -> Target:
        return self.wire or self._told

    async def _receive(self) -> None:
        with self._noting_errors():
            while True:
                while not self._reading:
                    await self._resumed.wait()
                size = self._read_size if self.wire is None else self.wire.read_size
                data = await self._stream.receive_some(size)
                if not data:
                    break
                self._target.feed(bytes(data))
        goes_on = self._target.end()
        if self._error is not None or not goes_on:
            self.close()

    async def _send(self) -> None:
        with self._noting_errors():
            while not (self._closing and not self._unsent):
                if self._says_eof and not self._unsent:
                    self._says_eof = False
                    await self._stream.send_eof()
                elif not self._unsent:
                    await self._changed.wait()
                else:
                    await self._send_some()
            self._scope.cancel()

    async def _send_some(self) -> None:
        piece = bytes(self._unsent[:_PIECE])
        await self._stream.send_all(piece)
        del self._unsent[: len(piece)]
        if self._full and len(self._unsent) <= self._most // 4:
            self._full = False
            self._target.resume_writing()

    @contextmanager
    def _noting_errors(self) -> Generator[None]:
        from trio import BrokenResourceError

        try:
            yield
        except BrokenResourceError as broken:
            self._error = self._error or _cause(broken)


def _cause(broken: Exception) -> OSError | None:
    """What trio has wrapped, such as the error of a certificate."""
    cause = broken.__cause__
    return cause if isinstance(cause, OSError) else None

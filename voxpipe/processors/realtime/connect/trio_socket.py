"""The bytes under a session on trio."""

from __future__ import annotations

import ssl
from collections.abc import AsyncGenerator, Generator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from typing import Any

from anyio import CancelScope, create_task_group, fail_after
from websockets.uri import parse_uri

from voxpipe.pipeline.runtime.scopes import tasks_until_done
from voxpipe.pipeline.runtime.wakeup import Wakeup
from voxpipe.websocket import Listener, PlainWire, Wire
from voxpipe.websocket.plain_wire import READ

from .close import Timeouts
from .dial import dial
from .host import Address
from .proxy import Proxy
from .session_socket import FULL, SessionSocket

_PIECE = 4 * 2**10  # bytes to send at once; whether they left is looked at


@asynccontextmanager
async def open_trio(
    address: Address, patience: Timeouts, *, proxy: Proxy | None, max_size: int
) -> AsyncGenerator[SessionSocket]:
    """Connect, and close at the end of the context.

    Raises:
        OSError, ProxyRefused, InvalidHandshake, EOFError: there is no connection, or no
            upgrade.
    """
    socket = SessionSocket(address, patience, max_size)
    failure: Exception | None = None
    async with tasks_until_done() as tasks:
        try:
            with fail_after(patience.open):
                stream = await _stream(address, proxy)
                transport = TrioTransport(stream, socket)
                tasks.start_soon(transport.run)
                socket.begin(transport, transport.begin_wire)
                await socket.opened()
            yield socket
        except Exception as error:  # noqa: BLE001  # raised below, not out of a group
            failure = error
        finally:
            await socket.close()
    if failure is not None:
        raise failure


async def _stream(address: Address, proxy: Proxy | None) -> Any:
    import trio  # an extra

    uri = parse_uri(address.url)
    dialed = await dial(uri.host, uri.port, proxy)
    stream = trio.SocketStream(trio.socket.from_stdlib_socket(dialed))
    if not uri.secure:
        return stream
    async with AsyncExitStack() as failing:
        failing.push_async_callback(trio.aclose_forcefully, stream)
        secured = trio.SSLStream(
            stream,
            ssl.create_default_context(),
            server_hostname=uri.host,
            https_compatible=True,  # most hang up without a word of TLS
        )
        try:
            await secured.do_handshake()
        except trio.BrokenResourceError as broken:
            raise _cause(broken) or EOFError() from None
        failing.pop_all()
    return secured


def _cause(broken: Exception) -> OSError | None:
    """What trio has wrapped, such as the error of a certificate."""
    cause = broken.__cause__
    return cause if isinstance(cause, OSError) else None


class TrioTransport:
    """A stream of trio's, in the way that asyncio has transports.

    Args:
        stream: it is closed in the end.
        socket: told of all that happens.
    """

    def __init__(self, stream: Any, socket: SessionSocket) -> None:
        self._stream = stream
        self._socket = socket
        self._wire: PlainWire | None = None  # once there is one
        self._unsent = bytearray()  # no more than FULL, and what may not wait
        self._changed = Wakeup()
        self._resumed = Wakeup()
        self._reading = True
        self._closing = self._full = False
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

    def begin_wire(self, listener: Listener, max_size: int) -> Wire:
        """Make a WebSocket of it, as the socket wants when its upgrade is made."""
        self._wire = wire = PlainWire(
            self,
            listener,
            is_client=True,
            max_size=max_size,
            now=self._socket.now,
        )
        return wire

    def write(self, data: bytes, /) -> None:
        """Send, as soon as the system takes it."""
        self._unsent += data
        if len(self._unsent) > FULL and not self._full:
            self._full = True
            self._target.pause_writing()
        self._changed.set()

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

    @property
    def _target(self) -> SessionSocket | PlainWire:
        return self._wire or self._socket

    async def _receive(self) -> None:
        with self._noting_errors():
            while True:
                while not self._reading:
                    await self._resumed.wait()
                size = READ if self._wire is None else self._wire.read_size
                data = await self._stream.receive_some(size)
                if not data:
                    break
                self._target.feed(bytes(data))
        self._target.end()
        self.close()

    async def _send(self) -> None:
        with self._noting_errors():
            while not (self._closing and not self._unsent):
                if not self._unsent:
                    await self._changed.wait()
                    continue
                piece = bytes(self._unsent[:_PIECE])
                await self._stream.send_all(piece)
                del self._unsent[: len(piece)]
                if self._full and len(self._unsent) <= FULL // 4:
                    self._full = False
                    self._target.resume_writing()
            self._scope.cancel()

    @contextmanager
    def _noting_errors(self) -> Generator[None]:
        from trio import BrokenResourceError

        try:
            yield
        except BrokenResourceError as broken:
            self._error = self._error or _cause(broken)

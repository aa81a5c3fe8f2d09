"""The server: listens, and gives every connection a task of its own."""

from __future__ import annotations

import errno
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Self

from anyio import (
    AsyncContextManagerMixin,
    BrokenResourceError,
    CancelScope,
    ClosedResourceError,
    WouldBlock,
    create_memory_object_stream,
    move_on_after,
)
from anyio.abc import TaskGroup
from anyio.streams.memory import MemoryObjectReceiveStream

from voxpipe.pipeline import TransportError
from voxpipe.pipeline.runtime.batch import batch
from voxpipe.pipeline.runtime.scopes import tasks_until_done
from voxpipe.transports.asgi import AsgiApp, Disconnected
from voxpipe.websocket import server_maker

from .connection import BUFFER, TcpConnection
from .http import Http
from .websocket import WebSocket

MAX_WAITING = 256  # connections that are no WebSocket (yet); more are turned away
CLOSE_TIMEOUT = 1.0  # seconds for sending what is written when a connection ends
_BACKLOG = 1_024  # connections that the kernel may keep until we take them

logger = logging.getLogger("voxpipe.serving")


class Server(AsyncContextManagerMixin):
    """Serves an ASGI app over HTTP/1.1 and WebSockets, on asyncio or uvloop.

    Open it with ``async with``; when the block ends, so do all connections. There is no
    TLS, which is for a proxy in front, no HTTP/2, and no ``lifespan``: what lives
    longer than a connection is opened around this block.

    WebSockets are not compressed (base64 of sound does not shrink enough), take
    messages of up to 256 kB, and send no pings.

    Args:
        app: to serve.
        host: where to listen.
        port: 0 for any that is free.

    Attributes:
        host: as given.
        port: where it listens, once it is open.

    Raises:
        TransportError: it cannot listen there.
    """

    def __init__(self, app: AsgiApp, *, host: str = "127.0.0.1", port: int = 0) -> None:
        self.host = host
        self.port = port
        self._app = app
        self._waiting = 0

    @property
    def url(self) -> str:
        """Where it is, from this machine."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    @asynccontextmanager
    async def __asynccontextmanager__(self) -> AsyncGenerator[Self]:
        import asyncio

        class Connected(TcpConnection, asyncio.BufferedProtocol):
            """What an event loop takes for one."""

            __slots__ = ()

        # The event loop meets connections outside of every task, where none can be
        # started: a task takes them over.
        self._met, new = create_memory_object_stream[TcpConnection](MAX_WAITING)
        self._loop = asyncio.get_running_loop()
        async with tasks_until_done() as tasks:
            buffer, rounds = memoryview(bytearray(BUFFER)), batch()
            try:
                server = await server_maker(self._loop)(
                    lambda: Connected(buffer, rounds, self._meet),
                    self.host,
                    self.port,
                    backlog=_BACKLOG,
                )
            except OSError as error:
                self._met.close()
                new.close()
                raise TransportError(
                    f"cannot listen on {self.host} port {self.port}: {_why(error)}"
                ) from error
            self.port = server.sockets[0].getsockname()[1]
            tasks.start_soon(self._greet, new, tasks)
            try:
                yield self
            finally:
                server.close()
                self._met.close()

    def _meet(self, wire: TcpConnection) -> None:
        try:
            if self._waiting >= MAX_WAITING:
                raise WouldBlock
            self._met.send_nowait(wire)
        except (WouldBlock, ClosedResourceError, BrokenResourceError):
            wire.abort()
        else:
            self._waiting += 1

    async def _greet(
        self, new: MemoryObjectReceiveStream[TcpConnection], tasks: TaskGroup
    ) -> None:
        with new:
            async for wire in new:
                tasks.start_soon(self._attend, wire)

    async def _attend(self, wire: TcpConnection) -> None:
        try:
            await self._talk(wire)
        except Disconnected:
            pass
        except Exception:
            logger.exception("a connection has failed")  # the others go on
        finally:
            wire.close()
            with CancelScope(shield=True), move_on_after(CLOSE_TIMEOUT):
                await wire.lost()
            wire.abort()

    async def _talk(self, wire: TcpConnection) -> None:
        http = Http(wire)
        try:
            upgrade = await http.serve(self._app)
        finally:
            self._waiting -= 1
        if upgrade is not None:
            socket = WebSocket(wire, upgrade, self._loop)
            await socket.run(self._app, http.take_rest())


def _why(error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return "it is taken already; port 0 takes any that is free"
    return error.strerror or str(error)

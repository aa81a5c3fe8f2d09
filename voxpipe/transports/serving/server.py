"""The server: listens, and gives every connection a task of its own."""

from __future__ import annotations

import errno
import logging
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from typing import Self

from anyio import (
    AsyncContextManagerMixin,
    current_time,
)

from voxpipe.pipeline.runtime.seldom import Seldom
from voxpipe.pipeline.runtime.unsent import keep_little
from voxpipe.transports.asgi import AsgiApp, Disconnected
from voxpipe.transports.lobby import LOG_INTERVAL, Lobby
from voxpipe.websocket.accepted import accepted
from voxpipe.websocket.port import listening
from voxpipe.websocket.tcp import TcpConnection

from .http import Http
from .websocket import WebSocket

MAX_ANSWERED = 1_024  # requests that the app answers at once; more are hung up on
_EVERYWHERE = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}

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
        if not callable(app):
            raise ValueError(f"app is an ASGI application, not {type(app).__name__}")
        self.host = host
        self.port = port
        self._app = app
        self._lobby = Lobby()
        self._open = 0  # connections that are no WebSocket (yet)
        self._busy, self._short = Seldom(LOG_INTERVAL), Seldom(LOG_INTERVAL)

    @property
    def url(self) -> str:
        """Where it is, from this machine."""
        name = _EVERYWHERE.get(self.host, self.host)
        host = f"[{name}]" if ":" in name else name
        return f"http://{host}:{self.port}"

    @asynccontextmanager
    async def __asynccontextmanager__(self) -> AsyncGenerator[Self]:
        import asyncio

        self._loop = asyncio.get_running_loop()
        async with listening(
            self.host, self.port, self._attend, self._cannot_accept
        ) as self.port:
            yield self

    def _cannot_accept(self, error: OSError) -> None:
        # Each has a descriptor. Half, or those who still wait would wait for seconds.
        for _ in range(len(self._lobby) // 2 + 1):
            self._lobby.drop()
        if self._short.count(current_time()):
            logger.warning(
                "no connection can be taken: %s%s; calls under way go on, and it is "
                "tried again all the time",
                error.strerror or error,
                _bound() if error.errno == errno.EMFILE else "",
            )

    async def _attend(self, sock: socket.socket) -> None:
        with suppress(OSError):  # it has gone already
            async with accepted(sock) as wire:
                keep_little(sock)
                try:
                    await self._talk(wire)
                except Disconnected:
                    pass
                except Exception:
                    logger.exception("a connection has failed")  # the others go on

    async def _talk(self, wire: TcpConnection) -> None:
        if self._open - len(self._lobby) >= MAX_ANSWERED:
            self._tell_busy()
            return
        http = Http(wire, self._lobby)
        self._open += 1
        try:
            upgrade = await http.serve(self._app)
        finally:
            self._open -= 1
        if upgrade is not None:
            websocket = WebSocket(wire, upgrade, self._loop)
            await websocket.run(self._app, http.take_rest())

    def _tell_busy(self) -> None:
        count = self._busy.count(current_time())
        if count:
            logger.warning(
                "the app is answering %d requests, which is the most at once: %d more "
                "were hung up on since the last such line",
                MAX_ANSWERED,
                count,
            )


def _bound() -> str:
    """How many descriptors this process may have, and what to do."""
    try:
        import resource
    except ImportError:  # Windows, which has no such bound
        return ""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return f" (the limit is {soft}, and a call has two: raise `ulimit -n`)"

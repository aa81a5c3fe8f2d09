"""A service, a proxy in front of it, and a client's connection through both."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response

from voxpipe.watch.board import Board
from voxpipe.watch.proxy import Proxy
from voxpipe.watch.window import Window


@dataclass
class Far:
    """The service's end.

    Attributes:
        request: that came to it.
    """

    request: Request | None = None


@dataclass
class Setting:
    """All of it.

    Attributes:
        window: at whose port the proxy is.
        board: what was seen.
    """

    window: Window
    board: Board
    proxy: Proxy
    far: Far

    @property
    def path(self) -> str:
        return f"{self.window.url('ws')}/v1/realtime?model=gpt-realtime"

    def client(self, **options: Any) -> connect:
        return connect(self.path, **options)


Talk = Callable[[ServerConnection], Awaitable[None]]
Refuse = Callable[[ServerConnection, Request], Response | None]


@asynccontextmanager
async def setting(
    talk: Talk, *, refuse: Refuse | None = None, folder: Path | None = None
) -> AsyncGenerator[Setting]:
    """A service that talks so, and a proxy in front of it."""
    far = Far()

    def asked(connection: ServerConnection, request: Request) -> Response | None:
        far.request = request
        return None if refuse is None else refuse(connection, request)

    async with serve(
        talk,
        "127.0.0.1",
        0,
        process_request=asked,
        select_subprotocol=lambda _, offered: offered[0] if offered else None,
        server_header="the service",
    ) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        board = Board("test")
        proxy = Proxy(f"http://127.0.0.1:{port}/v1", board, folder=folder)
        window = Window(board, proxy=proxy)
        async with window.opened():
            yield Setting(window, board, proxy, far)


__all__ = ["ClientConnection", "Setting", "setting"]

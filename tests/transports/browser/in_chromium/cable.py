"""A cable between a browser and a server, for tests that cut it."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import anyio
from anyio.abc import SocketAttribute, SocketStream


class Cable:
    """It runs until it is cut; what connects afterwards has a new one.

    Attributes:
        url: of the browser's end.
    """

    def __init__(self, port: int, server: str) -> None:
        self.url = f"http://127.0.0.1:{port}/"
        self._server = server
        self._cuts = set[anyio.CancelScope]()

    def cut(self) -> None:
        """Each WebSocket loses its connection; what is fetched beside it does not."""
        for each in self._cuts:
            each.cancel()

    async def carry(self, browser: SocketStream) -> None:
        """One connection, until either side ends it, or it is cut."""
        host, _, port = self._server.removeprefix("http://").partition(":")
        async with browser, await anyio.connect_tcp(host, int(port)) as server:
            try:
                request = await browser.receive()
            except (anyio.EndOfStream, anyio.BrokenResourceError):
                return  # a browser opens more than it needs
            await server.send(request)
            with anyio.CancelScope() as cut:
                if b"upgrade: websocket" in request.lower():
                    self._cuts.add(cut)
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(_pass, browser, server)
                    tasks.start_soon(_pass, server, browser)
            self._cuts.discard(cut)


async def _pass(source: SocketStream, sink: SocketStream) -> None:
    try:
        async for data in source:
            await sink.send(data)
        await sink.send_eof()
    except (anyio.BrokenResourceError, anyio.ClosedResourceError, OSError):
        pass


@asynccontextmanager
async def cable(server: str) -> AsyncGenerator[Cable]:
    """Lay one to the server at this URL."""
    async with (
        await anyio.create_tcp_listener(local_host="127.0.0.1") as listener,
        anyio.create_task_group() as tasks,
    ):
        laid = Cable(listener.extra(SocketAttribute.local_port), server)
        tasks.start_soon(listener.serve, laid.carry)
        yield laid
        tasks.cancel_scope.cancel()

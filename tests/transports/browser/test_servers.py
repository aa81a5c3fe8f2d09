"""The endpoints on servers of others: a call, and one that outlives its connection."""

from __future__ import annotations

import socket
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest
from anyio import Event, create_task_group, fail_after
from starlette.applications import Starlette
from starlette.routing import Mount

from voxpipe.pipeline import Pipeline
from voxpipe.transports.browser import BrowserEndpoints
from voxpipe.transports.telephony import Call, Switchboard

from ..telephony.twilio.test_servers import by_hypercorn, by_uvicorn  # no package
from .client import client

Serve = Callable[[Any, socket.socket, Event], Coroutine[Any, Any, object]]


async def parrot(call: Call) -> None:
    """Says what it hears."""
    await Pipeline(call.heard >> call.speaks).run()


@asynccontextmanager
async def served(serve: Serve) -> AsyncGenerator[tuple[str, Switchboard]]:
    """A server with the endpoints, and its URL."""
    listener = socket.create_server(("127.0.0.1", 0))
    board, end = Switchboard(parrot), Event()
    app = Starlette(routes=[Mount("/talk", BrowserEndpoints(board))])
    with fail_after(60):
        async with create_task_group() as tasks:
            tasks.start_soon(serve, app, listener, end)
            yield f"http://127.0.0.1:{listener.getsockname()[1]}", board
            await board.drain(0)
            end.set()


@pytest.mark.parametrize("anyio_backend", ["asyncio"])  # the client's
@pytest.mark.parametrize("serve", [by_uvicorn, by_hypercorn])
async def test_a_call_outlives_its_connection_there_too(serve: Serve) -> None:
    async with served(serve) as (url, board):
        async with client(url, path="/talk/browser", origin=url) as page:
            ready = await page.next("ready")
            page.connection.transport.abort()
        hello = {"seat": ready["seat"]}
        async with client(url, path="/talk/browser", hello=hello) as page:
            assert await page.next("ready") == ready | {"resumed": True}
            assert board.calls == 1
            await page.send("bye")
            assert (await page.next("ended"))["by"] == "caller"
            assert await page.closed() == 1000

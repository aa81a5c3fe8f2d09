"""Strangers who open connections and say little keep nobody from being answered.

Over real sockets, all of one address, as behind a proxy: that is the worst case.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any
from urllib.parse import urlencode

import pytest
from anyio import (
    BrokenResourceError,
    EndOfStream,
    connect_tcp,
    create_task_group,
    fail_after,
)
from anyio.abc import SocketStream
from anyio.lowlevel import checkpoint

from voxpipe.transports.lobby import PLACES
from voxpipe.transports.serving import Server
from voxpipe.transports.telephony import Switchboard
from voxpipe.transports.telephony.testing import Sids
from voxpipe.transports.telephony.testing.webhook import form, signature
from voxpipe.transports.telephony.twilio.endpoints import TwilioEndpoints

from .testing.agents import parrot

PUBLIC, TOKEN = "https://voice.example", "secret"
PATH, KIND = "/twilio/answer", "application/x-www-form-urlencoded"
RINGS = 80
# As far as each kind of stranger comes, and what it then sends now and then.
SLOW = {
    "silent": (b"", b""),
    "slow head": (f"POST {PATH} HTTP/1.1\r\nX: ".encode(), b"x"),
    "slow body": (
        f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Type: {KIND}\r\n"
        "Content-Length: 999\r\n\r\n".encode(),
        b"x",
    ),
}


@pytest.fixture(params=[False, True], ids=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any]]:
    """Those that our server runs on."""
    return "asyncio", {"use_uvloop": request.param}


@asynccontextmanager
async def served() -> AsyncGenerator[Server]:
    board = Switchboard(parrot, limit=RINGS, apology=None)
    endpoints = TwilioEndpoints(board, public_url=PUBLIC, auth_token=TOKEN)
    async with Server(endpoints) as server:
        yield server


async def rung(server: Server) -> bytes:
    """The status line that a signed ring is answered with; nothing, if it is not."""
    fields = form(Sids.new(), "+15550123", "+15550124")
    body = urlencode(fields)
    head = [
        f"POST {PATH} HTTP/1.1",
        "Host: voice.example",
        "Connection: close",
        f"Content-Type: {KIND}",
        f"Content-Length: {len(body)}",
        f"X-Twilio-Signature: {signature(TOKEN, PUBLIC + PATH, fields)}",
    ]
    return await answer(server, "\r\n".join([*head, "", body]).encode())


async def answer(server: Server, request: bytes) -> bytes:
    with fail_after(20):
        async with await connect_tcp("127.0.0.1", server.port) as stream:
            try:
                await stream.send(request)
                return (await stream.receive()).partition(b"\r\n")[0]
            except (EndOfStream, BrokenResourceError):
                return b""


class Strangers:
    """So many connections that say little; the oldest are opened anew."""

    def __init__(self, server: Server, most: int) -> None:
        self._server = server
        self._most = most
        self._streams: deque[tuple[SocketStream, bytes]] = deque(maxlen=most)
        self._opened = 0

    async def __aenter__(self) -> Strangers:
        await self.come(self._most)
        return self

    async def __aexit__(self, *error: object) -> None:
        for stream, _ in self._streams:
            await stream.aclose()

    async def come(self, count: int) -> None:
        for _ in range(count):
            if len(self._streams) == self._most:
                await self._streams.popleft()[0].aclose()
            stream = await connect_tcp("127.0.0.1", self._server.port)
            begin, more = list(SLOW.values())[self._opened % len(SLOW)]
            self._streams.append((stream, more))
            await say(stream, begin)
            self._opened += 1

    async def go_on(self) -> None:
        for stream, more in tuple(self._streams):
            await say(stream, more)

    async def churn(self) -> None:
        while True:
            await self.come(8)
            await checkpoint()


async def say(stream: SocketStream, data: bytes) -> None:
    with suppress(BrokenResourceError):  # it has been hung up on
        if data:
            await stream.send(data)


async def test_all_who_ring_are_answered_while_strangers_hold_the_line(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with served() as server, Strangers(server, PLACES + 50) as strangers:
        answers = list[bytes]()
        for _ in range(RINGS // 10):
            answers += [await rung(server) for _ in range(10)]
            await strangers.come(10)
            await strangers.go_on()
        assert answers == [b"HTTP/1.1 200 OK"] * RINGS
        assert await answer(server, b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
    serving = [each for each in caplog.records if each.name == "voxpipe.serving"]
    (line,) = [each.getMessage() for each in serving]
    assert f"all {PLACES} places" in line
    assert "256 by 127.0.0.1" in line
    assert "1 since the last such line" in line


@pytest.mark.slow
async def test_all_who_ring_are_answered_in_a_storm_of_connections() -> None:
    answers = list[bytes]()
    async with served() as server, AsyncExitStack() as stack:
        crowd = [
            await stack.enter_async_context(Strangers(server, 4 * PLACES))
            for _ in range(3)
        ]
        async with create_task_group() as tasks:
            for strangers in crowd:
                tasks.start_soon(strangers.churn)
            answers += [await rung(server) for _ in range(RINGS)]
            tasks.cancel_scope.cancel()
    assert answers == [b"HTTP/1.1 200 OK"] * RINGS

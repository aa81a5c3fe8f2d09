"""WebSockets over real sockets: agreed on, refused, bounded both ways, and ended."""

from __future__ import annotations

import asyncio
import logging
import socket
from typing import Any

import pytest
from anyio import (
    Event,
    connect_tcp,
    create_task_group,
    fail_after,
    get_cancelled_exc_class,
    sleep_forever,
)
from anyio.lowlevel import checkpoint
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.frames import Frame, Opcode
from websockets.typing import Subprotocol

from voxpipe.pipeline.runtime.silent import SILENT
from voxpipe.transports.asgi import Message, Receive, Scope, Send
from voxpipe.transports.lobby import Lobby
from voxpipe.transports.serving import Disconnected, Server
from voxpipe.transports.serving.http import Http
from voxpipe.transports.serving.websocket import MAX_MESSAGE, WebSocket

from ...processors.realtime.loops import run_virtually
from ...websocket.wires import Wired
from .apps import UPGRADE, connected, echo, get, said_to


class Told:
    """An app that accepts, and notes what it is told until the end."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.over = Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.messages.append(await receive())
        await send({"type": "websocket.accept"})
        while self.messages[-1]["type"] != "websocket.disconnect":
            self.messages.append(await receive())
        self.over.set()


async def test_what_is_said_comes_back() -> None:
    async with connected(echo) as client:
        for message in ("hällo", b"\x00\x01", "", "x" * MAX_MESSAGE, ["in ", "two"]):
            await client.send(message)
            expected = "in two" if isinstance(message, list) else message
            assert await client.recv() == expected


async def test_pings_are_answered() -> None:
    async with connected(echo) as client:
        await (await client.ping(b"there?"))


async def test_an_app_chooses_subprotocol_and_headers() -> None:
    seen: dict[str, Any] = {}

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.update(scope)
        await receive()
        headers = [(b"x-mine", b"1")]
        await send({"type": "websocket.accept", "subprotocol": "b", "headers": headers})

    offer = [Subprotocol("a"), Subprotocol("b")]
    async with connected(app, subprotocols=offer) as client:
        assert client.subprotocol == "b"
        assert client.response is not None
        assert client.response.headers["x-mine"] == "1"
    assert seen["subprotocols"] == ["a", "b"]
    assert seen["path"] == "/x"
    assert (b"host", seen["headers"][0][1]) == seen["headers"][0]


@pytest.mark.parametrize(
    ("messages", "status", "body"),
    [
        ([{"type": "websocket.close", "code": 1008}], 403, b""),
        (
            [
                {"type": "websocket.http.response.start", "status": 503},
                {
                    "type": "websocket.http.response.body",
                    "body": b"no ",
                    "more_body": True,
                },
                {"type": "websocket.http.response.body", "body": b"room"},
            ],
            503,
            b"no room",
        ),
        (
            [
                {
                    "type": "websocket.http.response.start",
                    "status": 403,
                    "headers": [(b"content-length", b"2")],
                },
                {"type": "websocket.http.response.body", "body": b"no"},
            ],
            403,
            b"no",
        ),
        ([], 403, b""),
    ],
    ids=["closed", "answered", "measured", "ignored"],
)
async def test_an_app_refuses_an_upgrade_in_its_own_way(
    messages: list[Message], status: int, body: bytes
) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        for message in messages:
            await send(message)

    with pytest.raises(InvalidStatus) as refused:
        async with connected(app):
            pass
    assert refused.value.response.status_code == status
    assert refused.value.response.body == body


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        (UPGRADE[1:], b"426"),
        (UPGRADE[:-1], b"400"),
        ((*UPGRADE[:2], "Sec-WebSocket-Version: 7", UPGRADE[3]), b"400"),
        ((*UPGRADE, "X: a\x01b"), b"400"),
    ],
    ids=["no connection", "no key", "old", "control"],
)
async def test_a_bad_upgrade_is_refused(lines: tuple[str, ...], status: bytes) -> None:
    async with Server(echo) as server:
        assert (await said_to(server, get("/", *lines))).startswith(
            b"HTTP/1.1 " + status
        )


async def test_who_cannot_wait_for_the_upgrade_is_heard_afterwards() -> None:
    frame = b"\x81\x82\x00\x00\x00\x00hi"
    close = b"\x88\x80\x00\x00\x00\x00"
    told = Told()
    async with Server(told) as server:
        answer = await said_to(server, get("/", *UPGRADE) + frame + close)
    assert answer.startswith(b"HTTP/1.1 101")
    assert answer.endswith((b"\x88\x00", b"\x88\x02\x03\xe8"))  # 1000 or no code
    assert [message.get("text") for message in told.messages] == [None, "hi", None]


@pytest.mark.parametrize("code", [1000, 1001, 3000])
async def test_an_app_learns_how_the_client_has_ended_it(code: int) -> None:
    told = Told()
    async with connected(told) as client:
        await client.send("one")
        await client.close(code, "why")
        await told.over.wait()
    end = {"type": "websocket.disconnect", "code": code, "reason": "why"}
    assert told.messages[1:] == [{"type": "websocket.receive", "text": "one"}, end]


async def test_an_app_learns_that_the_connection_broke() -> None:
    told = Told()
    async with connected(told) as client:
        client.transport.abort()
        await told.over.wait()
    assert told.messages[-1]["code"] == 1006


async def test_an_app_learns_that_it_broke_before_it_was_accepted(
    caplog: pytest.LogCaptureFixture,
) -> None:
    over, asked = Event(), Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        asked.set()
        assert (await receive())["type"] == "websocket.disconnect"
        over.set()
        await send({"type": "websocket.accept"})
        pytest.fail("it was accepted")

    with fail_after(10):
        async with Server(app) as server:
            async with await connect_tcp("127.0.0.1", server.port) as stream:
                await stream.send(get("/", *UPGRADE))
                await asked.wait()
            await over.wait()
    assert not caplog.records


@pytest.mark.parametrize(("code", "reason"), [(1013, "full"), (1008, "who?")])
async def test_an_app_ends_it_with_code_and_reason(code: int, reason: str) -> None:
    ends: list[Message] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.close", "code": code, "reason": reason})
        with pytest.raises(Disconnected):
            await send({"type": "websocket.send", "text": "too late"})
        ends.append(await receive())

    async with connected(app) as client:
        with pytest.raises(ConnectionClosed):
            await client.recv()
        assert (client.close_code, client.close_reason) == (code, reason)
    assert ends[0]["code"] == code


@pytest.mark.parametrize("accepted", [True, False])
async def test_an_app_that_fails_is_told_of_and_harms_nobody(
    accepted: bool, caplog: pytest.LogCaptureFixture
) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if accepted:
            await send({"type": "websocket.accept"})
        raise LookupError("oh")

    if accepted:
        async with connected(app) as client:
            with pytest.raises(ConnectionClosed):
                await client.recv()
            assert client.close_code == 1011
    else:
        with pytest.raises(InvalidStatus, match="500"):
            async with connected(app):
                pass
    assert "LookupError: oh" in caplog.text


async def test_what_an_app_sends_out_of_turn_is_its_own_mistake(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "websocket.send", "text": "early"})

    with pytest.raises(InvalidStatus, match="500"):
        async with connected(app):
            pass
    assert "websocket.send out of turn" in caplog.text


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        (b"\x81\xff" + (MAX_MESSAGE + 1).to_bytes(8, "big"), 1009),
        (b"\x81\x02hi", 1002),
        (b"\x81\x82\x00\x00\x00\x00\xc3(", 1007),
    ],
    ids=["too long", "not masked", "not UTF-8"],
)
async def test_a_client_that_breaks_the_protocol_is_told_the_code(
    frame: bytes, code: int
) -> None:
    told = Told()
    async with Server(told) as server:
        answer = await said_to(server, get("/", *UPGRADE), frame)
    assert b"\x88" in answer
    assert answer.partition(b"\r\n\r\n")[2][2:4] == code.to_bytes(2, "big")
    assert told.messages[-1]["code"] == code


async def test_a_client_whose_app_does_not_listen_has_to_wait() -> None:
    go_on, heard = Event(), 0

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal heard
        await receive()
        await send({"type": "websocket.accept"})
        await go_on.wait()
        while (await receive())["type"] == "websocket.receive":
            heard += 1

    sent = 0

    async def talk(client: ClientConnection) -> None:
        nonlocal sent
        for _ in range(5_000):
            await client.send("x" * 10_000)
            sent += 1
        await client.close()

    async with connected(app) as client, create_task_group() as tasks:
        tasks.start_soon(talk, client)
        before = -1
        while sent != before:  # until it stands still
            before = sent
            for _ in range(200):
                await checkpoint()
        assert sent < 5_000
        go_on.set()
    assert heard == sent == 5_000


async def test_of_empty_messages_too_only_a_few_wait_for_an_app() -> None:
    counted = asyncio.get_running_loop().create_future()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        for _ in range(100):  # rounds of the loop, in which all could be read
            await checkpoint()
        count, turn = 0, Event()
        asyncio.get_running_loop().call_soon(turn.set)
        while not turn.is_set():
            await receive()
            count += 1
        counted.set_result(count)

    async with (
        Server(app) as server,
        await connect_tcp("127.0.0.1", server.port) as stream,
    ):
        await stream.send(get("/", *UPGRADE))
        await stream.receive()
        await stream.send(Frame(Opcode.TEXT, b"").serialize(mask=True) * 60_000)
        with fail_after(20):
            assert await counted <= 2_000  # 32 kB at 64 bytes each, and one read


async def test_an_app_whose_client_does_not_listen_has_to_wait() -> None:
    sent, stuck = 0, Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        async with create_task_group() as tasks:
            tasks.start_soon(watch)
            with pytest.raises(Disconnected):
                await flood(send)
            tasks.cancel_scope.cancel()

    async def flood(send: Send) -> None:
        nonlocal sent
        for _ in range(5_000):
            await send({"type": "websocket.send", "bytes": bytes(10_000)})
            await checkpoint()
            sent += 1

    async def watch() -> None:
        before = -1
        while sent != before:
            before = sent
            for _ in range(200):
                await checkpoint()
        stuck.set()

    with fail_after(20):
        async with (
            Server(app) as server,
            await connect_tcp("127.0.0.1", server.port) as stream,
        ):
            await stream.send(get("/", *UPGRADE))
            await stuck.wait()
            assert sent < 5_000  # what the kernel keeps, some MB, and 16 kB


async def test_for_a_client_that_does_not_read_the_system_keeps_little() -> None:
    sent, stuck = 0, Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        async with create_task_group() as tasks:
            tasks.start_soon(flood, send)
            before = -1
            while sent != before:
                before = sent
                for _ in range(200):
                    await checkpoint()
            tasks.cancel_scope.cancel()
        stuck.set()

    async def flood(send: Send) -> None:
        nonlocal sent
        while True:
            await send({"type": "websocket.send", "bytes": bytes(1_000)})
            await checkpoint()
            sent += 1_000

    with fail_after(20), socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8_192)
        async with Server(app) as server:
            client.connect(("127.0.0.1", server.port))
            client.sendall(get("/", *UPGRADE))
            await stuck.wait()
    assert sent < 100_000  # 28 to 32 kB; without a bound it takes 3.3 MB


async def test_pongs_for_a_client_that_does_not_read_are_left_out() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        assert (await receive())["text"] == "done"

    pings = (b"\x89\xfd\x00\x00\x00\x00" + bytes(125)) * 1_000
    close = b"\x81\x84\x00\x00\x00\x00done\x88\x80\x00\x00\x00\x00"
    async with Server(app) as server:
        pongs = await said_to(server, get("/", *UPGRADE), *[pings] * 100, close)
    assert b"\x88" in pongs[-4:]
    assert len(pongs) < 100 * 1_000 * 127  # some MB that the kernel keeps, and 16 kB


def test_a_client_that_does_not_say_goodbye_is_not_waited_for() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.accept"})

    async def scene() -> bytes:
        wired = Wired()
        wired.come(get("/", *UPGRADE))
        request = await Http(wired.wire, Lobby()).serve(app)
        assert request is not None
        await WebSocket(wired.wire, request, asyncio.get_running_loop()).run(app, b"")
        return wired.written

    assert run_virtually("asyncio", scene).endswith(b"\x88\x02\x03\xe8")


async def test_when_the_server_ends_clients_are_told_to_come_back() -> None:
    ended: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        try:
            await sleep_forever()
        except get_cancelled_exc_class():
            ended.append("app")
            raise

    with fail_after(10):
        async with Server(app) as server:
            client = await connect(f"ws://127.0.0.1:{server.port}")
        with pytest.raises(ConnectionClosed):
            await client.recv()
    assert client.close_code == 1012
    assert ended == ["app"]


async def test_nothing_that_is_said_is_logged_even_at_debug(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    async with connected(echo, logger=SILENT) as client:
        await client.send("secret")
        await client.recv()
        await client.close(1000, "secret")
    assert "secret" not in caplog.text

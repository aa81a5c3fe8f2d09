"""Listening, and the end of it."""

from __future__ import annotations

import os
import random
import re
import socket
from contextlib import ExitStack, suppress

import pytest
from anyio import Event, connect_tcp, fail_after, sleep_forever, wait_readable
from anyio.lowlevel import checkpoint

from voxpipe.pipeline import TransportError
from voxpipe.transports.asgi import Receive, Scope, Send
from voxpipe.transports.lobby import PLACES
from voxpipe.transports.serving import Server

from ...descriptors import no_descriptors
from .apps import UPGRADE, echo, get, rest_of, said_to


async def test_it_says_where_it_is() -> None:
    async with Server(echo) as server:
        assert server.url == f"http://127.0.0.1:{server.port}"
        assert await said_to(server, get())


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("::1", "[::1]"),
        ("agents.example", "agents.example"),
        ("0.0.0.0", "127.0.0.1"),  # where browsers give a microphone without TLS
        ("", "127.0.0.1"),
        ("::", "[::1]"),
    ],
)
def test_where_it_listens_everywhere_there_is_a_name_for_this_machine(
    host: str, name: str
) -> None:
    assert Server(echo, host=host, port=80).url == f"http://{name}:80"


async def test_a_port_that_is_taken_is_named_with_a_cure() -> None:
    async with Server(echo) as server:
        with pytest.raises(TransportError, match=rf"{server.port}: .* port 0 takes"):
            await Server(echo, port=server.port).__aenter__()


async def test_an_address_that_is_not_ours_is_told() -> None:
    with pytest.raises(TransportError, match=r"cannot listen on 192\.0\.2\.1 port 0"):
        await Server(echo, host="192.0.2.1").__aenter__()


async def test_at_its_end_everything_ends() -> None:
    async def waits(scope: Scope, receive: Receive, send: Send) -> None:
        await sleep_forever()

    with fail_after(10):
        async with Server(waits) as server:
            idle = await connect_tcp("127.0.0.1", server.port)
            busy = await connect_tcp("127.0.0.1", server.port)
            await busy.send(get())
        for stream in (idle, busy):
            async with stream:
                assert await rest_of(stream) == b""
        with pytest.raises(OSError, match=r"."):
            await connect_tcp("127.0.0.1", server.port)


async def test_the_oldest_connection_without_a_request_makes_room_for_a_new_one() -> (
    None
):
    async with Server(echo) as server:
        idle = [await connect_tcp("127.0.0.1", server.port) for _ in range(PLACES)]
        assert await said_to(server, get())
        with fail_after(10):
            assert await rest_of(idle[0]) == b""
            await idle[1].send(get())
            assert b" 200 " in await rest_of(idle[1])
        for stream in idle:
            await stream.aclose()


async def test_when_the_app_answers_as_many_as_it_may_more_are_hung_up_on(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("voxpipe.transports.serving.server.MAX_ANSWERED", 1)
    begun, go_on = Event(), Event()

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        begun.set()
        await go_on.wait()
        await echo(scope, receive, send)

    with fail_after(10):
        async with Server(slow) as server:
            async with await connect_tcp("127.0.0.1", server.port) as first:
                await first.send(get())
                await begun.wait()
                assert await said_to(server, get()) == b""
                go_on.set()
                assert b" 200 " in await rest_of(first)
            while not await said_to(server, get()):
                pass
    lines = [each.getMessage() for each in caplog.records]
    assert len(lines) == 1
    assert "answering 1 requests" in lines[0]


async def test_when_descriptors_are_used_up_calls_go_on_and_others_wait(
    caplog: pytest.LogCaptureFixture,
) -> None:
    called, takes = Event(), Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/call":
            called.set()
            await takes.wait()
        await echo(scope, receive, send)

    async with Server(app) as server:
        address = ("127.0.0.1", server.port)
        with (
            fail_after(20),
            no_descriptors() as kept,
            kept.socket() as call,
            kept.socket() as waiting,
        ):
            kept.free(1)
            call.connect(address)
            call.sendall(get("/call"))
            await called.wait()
            waiting.connect(address)
            while not caplog.records:
                await checkpoint()
            takes.set()
            await wait_readable(call)
            assert b" 200 " in call.recv(1_000)
            kept.free(1)
            waiting.sendall(get())
            await wait_readable(waiting)
            assert b" 200 " in waiting.recv(1_000)
    (line,) = [each.getMessage() for each in caplog.records]
    assert re.search(r"Too many open files \(the limit is \d+, .*`ulimit -n`", line)


async def test_when_descriptors_are_used_up_those_without_a_request_give_theirs() -> (
    None
):
    async with Server(echo) as server:
        address = ("127.0.0.1", server.port)
        with fail_after(20), no_descriptors() as kept, ExitStack() as open_:
            silent = [open_.enter_context(kept.socket()) for _ in range(2)]
            kept.free(len(silent))
            for each in silent:
                each.connect(address)
            probe = open_.enter_context(kept.socket())
            probe.connect(address)
            probe.sendall(get())
            await wait_readable(probe)
            assert b" 200 " in probe.recv(1_000)


async def test_what_is_sent_waits_for_nothing_more_to_be_sent_with_it() -> None:
    found = list[int]()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        for name in os.listdir("/proc/self/fd"):
            with suppress(OSError), socket.socket(fileno=os.dup(int(name))) as sock:
                if sock.getpeername() == scope["client"]:
                    found.append(
                        sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
                    )
        await echo(scope, receive, send)

    async with Server(app) as server:
        assert await said_to(server, get())
    assert found == [1]


async def test_rubbish_is_no_failure_of_ours(caplog: pytest.LogCaptureFixture) -> None:
    requests = [
        get("/"),
        get("/", "Content-Length: 3", method="POST") + b"abc",
        get("/", "Transfer-Encoding: chunked", method="POST") + b"1\r\na\r\n0\r\n\r\n",
        get("/", *UPGRADE) + b"\x81\x82\x00\x00\x00\x00hi",
    ]
    dice = random.Random(3)
    async with Server(echo) as server:
        for number in range(400):
            broken = bytearray(requests[number % 4])
            for _ in range(dice.randrange(6)):
                at = dice.randrange(len(broken))
                broken[at : at + dice.randrange(4)] = dice.randbytes(dice.randrange(4))
            async with await connect_tcp("127.0.0.1", server.port) as stream:
                await stream.send(bytes(broken))
                await stream.send_eof()
                await rest_of(stream)
    assert not caplog.records


async def test_what_the_block_raises_comes_out_bare() -> None:
    with pytest.raises(LookupError):
        async with Server(echo):
            raise LookupError

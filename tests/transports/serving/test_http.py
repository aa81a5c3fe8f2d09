"""Requests over real sockets: answered, bounded, and none harms another."""

from __future__ import annotations

import json
import logging
from math import inf

import pytest
from anyio import (
    Event,
    connect_tcp,
    create_task_group,
    current_time,
    fail_after,
    sleep,
)
from hypothesis import given
from hypothesis import strategies as st

from voxpipe.transports.asgi import Disconnected, Receive, Scope, Send
from voxpipe.transports.lobby import Lobby
from voxpipe.transports.serving import Server
from voxpipe.transports.serving.http import (
    ANSWER_TIMEOUT,
    MAX_HEAD,
    PATIENCE,
    Http,
)

from ...processors.realtime.loops import run_virtually
from ...websocket.wires import Wired
from .apps import UPGRADE, echo, get, respond, rest_of, said_to, start

HOST = "127.0.0.1"


def parts(response: bytes) -> tuple[str, bytes]:
    """Status line and body."""
    head, _, body = response.partition(b"\r\n\r\n")
    return head.partition(b"\r\n")[0].decode(), body


async def test_a_request_is_answered() -> None:
    async with Server(echo) as server:
        response = await said_to(server, get("/a%20b?c=d"))
    status, body = parts(response)
    assert status == "HTTP/1.1 200 OK"
    assert json.loads(body) == {"method": "GET", "path": "/a b", "size": 0}
    assert b"\r\ndate: " in response
    assert b"erver: " not in response  # nobody's business


async def test_bodies_come_whole_however_they_are_sent() -> None:
    body = bytes(200_000)
    length = get("/", f"Content-Length: {len(body)}", method="POST")
    chunked = get("/", "Transfer-Encoding: chunked", method="POST")
    async with Server(echo) as server:
        for pieces in (
            (length, body),
            (length, *(body[at : at + 1000] for at in range(0, len(body), 1000))),
            (chunked, b"30d40\r\n", body, b"\r\n0\r\n\r\n"),
        ):
            _, answer = parts(await said_to(server, *pieces))
            assert json.loads(answer)["size"] == len(body)


async def test_one_connection_serves_many_requests_also_those_sent_too_early() -> None:
    first = get("/1", "Connection: keep-alive")
    posted = get("/2", "Connection: keep-alive", "Content-Length: 3", method="POST")
    async with Server(echo) as server:
        response = await said_to(server, first + posted + b"abc" + get("/3"))
    assert response.count(b"HTTP/1.1 200") == 3
    assert [f'"/{number}"'.encode() in response for number in (1, 2, 3)] == [True] * 3


async def test_head_gets_the_head_alone() -> None:
    async with Server(echo) as server:
        response = await said_to(server, get(method="HEAD"))
    status, body = parts(response)
    assert (status, body) == ("HTTP/1.1 200 OK", b"")
    assert b"content-length: 42" in response


async def test_a_client_that_asks_whether_to_send_its_body_is_told_to() -> None:
    request = get("/", "Expect: 100-continue", "Content-Length: 2", method="POST")
    async with Server(echo) as server:
        with fail_after(10):
            async with await connect_tcp("127.0.0.1", server.port) as stream:
                await stream.send(request)
                assert (await stream.receive()).startswith(b"HTTP/1.1 100")
                await stream.send(b"hi")
                assert b"200" in await stream.receive()


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"hello?\r\n\r\n", "400"),
        (b"GET / HTTP/1.1\r\n\r\n", "400"),  # no Host
        (b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n", "400"),
        (get("/", "X: " + "x" * 200_000), "431"),
        (get("/", "X: " + "x" * 20_000), "431"),  # in one piece
        (get("/", "X: " + "x" * 60_000), "431"),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "505"),
        (get("/", *UPGRADE, "Content-Length: 3") + b"abc", "400"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(50) + b"\n\n", "400"),
    ],
    ids=[
        "words",
        "no host",
        "no length",
        "too long",
        "a long head",
        "a longer head",
        "HTTP/2",
        "an upgrade with a body",
        "TLS",
    ],
)
async def test_what_is_no_http_is_refused(request_: bytes, status: str) -> None:
    async with Server(echo) as server:
        response = await said_to(server, request_)
    assert response.startswith(f"HTTP/1.1 {status} ".encode())


async def test_an_app_that_fails_is_told_of_and_harms_nobody(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def fails(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/late":
            await send(start(200, b"12345"))
        if scope["path"] != "/fine":
            raise LookupError("oh")
        await respond(send, 200, b"fine")

    async with Server(fails) as server:
        assert (
            parts(await said_to(server, get("/")))[0]
            == "HTTP/1.1 500 Internal Server Error"
        )
        with fail_after(10):
            assert parts(await said_to(server, get("/late")))[1] == b""
        assert parts(await said_to(server, get("/fine")))[1] == b"fine"
    assert caplog.text.count("LookupError: oh") == 2


async def test_an_app_that_reads_no_body_costs_the_connection() -> None:
    async def reads_nothing(scope: Scope, receive: Receive, send: Send) -> None:
        await respond(send, 413, b"too much")

    post = get("/", "Connection: keep-alive", "Content-Length: 99999", method="POST")
    async with Server(reads_nothing) as server:
        assert b"413" in await said_to(server, post, bytes(10))


async def test_an_app_learns_that_nobody_waits_any_more() -> None:
    told, waits = Event(), Event()

    async def patient(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        waits.set()
        assert (await receive())["type"] == "http.disconnect"
        told.set()

    async with Server(patient) as server:
        stream = await connect_tcp("127.0.0.1", server.port)
        await stream.send(get())
        with fail_after(10):
            await waits.wait()
            await stream.aclose()
            await told.wait()


async def test_two_lengths_are_refused_and_nothing_behind_them_is_read() -> None:
    lengths = ("Content-Length: 4", "Transfer-Encoding: chunked")
    keeps = "Connection: keep-alive"
    smuggling = get("/", *lengths, keeps, method="POST") + b"0\r\n\r\n" + get("/hidden")
    async with Server(echo) as server:
        response = await said_to(server, smuggling)
    assert response.startswith(b"HTTP/1.1 400 ")
    assert response.count(b"HTTP/1.1") == 1


async def test_a_head_as_long_as_is_allowed_is_taken() -> None:
    space = MAX_HEAD - len(get("/", "X: "))
    async with Server(echo) as server:
        assert b" 200 " in await said_to(server, get("/", "X: " + "x" * space))
        assert b" 431 " in await said_to(server, get("/", "X: " + "x" * (space + 1)))


async def test_a_target_may_be_absolute() -> None:
    async with Server(echo) as server:
        for target, path in (
            ("http://voice.example/a?b=c", "/a"),
            ("HTTP://voice.example:80?b=c", "/"),
        ):
            _, body = parts(await said_to(server, get(target)))
            assert json.loads(body)["path"] == path


async def test_empty_lines_before_a_request_are_passed_over() -> None:
    first = get("/1", "Connection: keep-alive")
    async with Server(echo) as server:
        response = await said_to(
            server, b"\r\n", b"\r\n" + first + b"\r\n\r\n" + get("/2")
        )
    assert response.count(b"HTTP/1.1 200") == 2


async def test_a_client_that_has_said_all_is_answered() -> None:
    async with Server(echo) as server, await connect_tcp(HOST, server.port) as stream:
        await stream.send(get("/", "Connection: keep-alive"))
        await stream.send_eof()
        with fail_after(10):
            assert b" 200 " in await rest_of(stream)


async def test_a_body_that_nobody_has_read_ends_the_connection_and_that_is_said() -> (
    None
):
    async def reads_nothing(scope: Scope, receive: Receive, send: Send) -> None:
        await respond(send, 200, b"fine")

    request = get("/", "Connection: keep-alive", "Content-Length: 3")
    async with Server(reads_nothing) as server:
        response = await said_to(server, request + b"abc")
    assert b"connection: close" in response.lower()


def test_who_does_not_read_the_answers_is_not_waited_for() -> None:
    async def scene() -> float:
        wired = Wired()
        wired.wire.pause_writing()  # as an event loop does then
        wired.come(get())
        with pytest.raises(Disconnected):
            await Http(wired.wire, Lobby()).serve(echo)
        return current_time()

    assert run_virtually("asyncio", scene) == ANSWER_TIMEOUT


HALF = get("/", "Content-Length: 5", method="POST") + b"12"


@pytest.mark.parametrize("sent", [b"", b"GET / HTT", HALF])
def test_who_sends_nothing_is_not_waited_for(sent: bytes) -> None:
    async def scene() -> bytes:
        wired = Wired()
        if sent:
            wired.come(sent)
        assert await Http(wired.wire, Lobby()).serve(echo) is None
        return wired.written

    answer = run_virtually("asyncio", scene)
    assert answer == b"" if sent is not HALF else b"HTTP/1.1 500 " in answer


UNFINISHED = [
    b"",
    b"\r\n" * 3,
    b"GET / HTTP/1.1\r\n",
    get("/", "X: y")[:-2],
    get("/", "Content-Length: 99999", method="POST"),
    get("/", "Transfer-Encoding: chunked", method="POST") + b"5\r\n",
    get("/", "Expect: 100-continue", "Content-Length: 99999", method="POST"),
]


@given(
    begin=st.sampled_from(UNFINISHED),
    pieces=st.lists(
        st.tuples(st.integers(0, 80), st.sampled_from([b"x", b"\r\n", b"ab: c\r\n"])),
        max_size=40,
    ),
)
def test_no_unfinished_request_outlives_its_deadlines_whatever_is_sent(
    begin: bytes, pieces: list[tuple[float, bytes]]
) -> None:
    async def scene() -> tuple[float, int]:
        wired, lobby = Wired(), Lobby()
        ended = inf

        async def drip() -> None:
            for pause, piece in [(0, begin), *pieces]:
                await sleep(pause / 4)
                if piece:
                    wired.come(piece)

        async with create_task_group() as tasks:
            tasks.start_soon(drip)
            await Http(wired.wire, lobby).serve(unread)
            ended = current_time()
            tasks.cancel_scope.cancel()
        return ended, len(lobby)

    async def unread(scope: Scope, receive: Receive, send: Send) -> None:
        while (await receive()).get("more_body"):
            pass

    ended, left = run_virtually("asyncio", scene)
    has_head = begin.endswith(b"\r\n\r\n") or b"chunked" in begin
    later = PATIENCE if has_head or pieces else 0.0
    assert ended <= PATIENCE + later + 0.001
    assert left == 0


async def test_nothing_of_a_request_is_logged_even_at_debug(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    async with Server(echo) as server:
        await said_to(server, get("/secret", "X-Key: secret"))
    assert "secret" not in caplog.text

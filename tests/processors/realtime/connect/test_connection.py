"""The socket under a session: every end of it is told, and nothing is left."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest
import uvloop
from anyio import (
    Event,
    create_task_group,
    create_tcp_listener,
    fail_after,
    move_on_after,
    sleep,
    sleep_forever,
)
from anyio.abc import SocketAttribute
from anyio.lowlevel import checkpoint

from voxpipe.pipeline import SessionLost, TransportError
from voxpipe.pipeline.testing import no_leaks
from voxpipe.processors.realtime import Service
from voxpipe.processors.realtime.connect.close import Timeouts
from voxpipe.processors.realtime.connect.connection import Connection, websocket
from voxpipe.processors.realtime.connect.host import Address, host_of

from ..server import Line, serving

KEY = "sk-canary-0123456789"
HASTY = Timeouts(farewell=0.1)


def address(url: str) -> Address:
    return host_of(service=Service(api_key=KEY, base_url=url)).websocket(
        model="gpt-realtime-2.1"
    )


def opening(
    url: str, timeouts: Timeouts = HASTY
) -> AbstractAsyncContextManager[Connection]:
    return websocket(address(url), timeouts)


async def lost(
    talk: Callable[[Line], Awaitable[Any]], timeouts: Timeouts = HASTY
) -> SessionLost:
    """What a client that only listens is told of the end of a connection."""
    async with (
        no_leaks(),
        serving(talk) as url,
        opening(url, timeouts) as connection,
    ):
        with fail_after(10):
            try:
                while True:
                    await connection.receive()
            except SessionLost as error:
                return error


async def test_messages_go_both_ways_and_the_key_goes_in_a_header() -> None:
    async def talk(line: Line) -> None:
        request = await line.accept()
        assert request.path == "/v1/realtime?model=gpt-realtime-2.1"
        assert request.headers["Authorization"] == f"Bearer {KEY}"
        assert "OpenAI-Beta" not in request.headers
        assert "Sec-WebSocket-Extensions" not in request.headers
        event = await line.receive()
        await line.send("echo", of=event["type"])
        await line.send_binary(b'{"type": "binary"}')
        await line.gone()

    async with no_leaks(), serving(talk) as url, opening(url) as connection:
        await connection.send('{"type": "hello"}')
        assert await connection.receive() == '{"type": "echo", "of": "hello"}'
        assert await connection.receive() == '{"type": "binary"}'


def test_a_program_of_plain_asyncio_opens_a_session() -> None:
    # Where nothing is begun by anyio, it cannot tell the loop outside of every task.
    async def talk(line: Line) -> None:
        await line.accept()
        await line.send("hello")
        await line.gone()

    async def program() -> None:
        async with serving(talk) as url, opening(url) as connection:
            with fail_after(10):
                assert await connection.receive() == '{"type": "hello"}'

    asyncio.run(program())


async def test_rubbish_in_one_piece_with_the_handshake_is_refused() -> None:
    async def talk(line: Line) -> None:
        answer = await line.answer("hello")
        line.protocol.send_binary(b"\xff")
        await line.stream.send(answer + b"".join(line.protocol.data_to_send()))
        await line.gone()

    error = await lost(talk)
    assert (error.code, error.how) == (1007, "refused")


@pytest.mark.parametrize("code", [1000, 1001, 1008, 1011, 1013, 3000, 4000])
async def test_every_close_of_the_other_side_is_a_lost_session(code: int) -> None:
    async def talk(line: Line) -> None:
        await line.accept()
        await line.send("hello")
        await line.close(code, "because")

    error = await lost(talk)
    assert (error.code, error.reason, error.how) == (code, "because", "closed")
    assert f"closed it with {code}" in str(error)
    assert "because" not in str(error) + repr(error)  # it may quote a caller


async def test_an_end_without_a_word_is_a_lost_session() -> None:
    async def talk(line: Line) -> None:
        await line.accept()

    error = await lost(talk)
    assert (error.code, error.reason) == (None, "")
    assert "went away" in str(error)


async def test_sending_to_a_session_that_has_ended_is_a_lost_session() -> None:
    async def talk(line: Line) -> None:
        await line.accept()
        await line.close(1001, "60 minutes")

    async with no_leaks(), serving(talk) as url, opening(url) as connection:
        with pytest.raises(SessionLost):
            await connection.receive()
        with pytest.raises(SessionLost) as caught:
            await connection.send("{}")
    assert caught.value.code == 1001


async def test_a_peer_that_answers_nothing_is_noticed() -> None:
    async def talk(line: Line) -> None:
        await line.accept()
        await sleep_forever()  # the connection is there, nobody reads it

    error = await lost(talk, Timeouts(quiet=0.05, answer=0.05, farewell=0.1))
    assert error.code is None
    assert "not even a pong" in str(error)


async def test_a_quiet_peer_that_answers_pings_is_alive() -> None:
    async def talk(line: Line) -> None:
        await line.accept()
        await line.gone()  # which answers pings

    hasty = Timeouts(quiet=0.02, answer=0.05)
    async with no_leaks(), serving(talk) as url, opening(url, hasty) as connection:
        with move_on_after(0.5) as scope:
            await connection.receive()
    assert scope.cancelled_caught


async def test_a_peer_that_speaks_is_alive_even_if_its_pong_is_late() -> None:
    async def talk(line: Line) -> None:
        await line.accept()
        while True:  # a minute of audio may stand in front of the pong
            await line.send("audio")
            await checkpoint()

    hasty = Timeouts(quiet=0.05, answer=0.05, farewell=0.1)
    async with no_leaks(), serving(talk) as url, opening(url, hasty) as connection:
        with move_on_after(0.3) as scope:
            while True:
                await connection.receive()
    assert scope.cancelled_caught


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n", "with HTTP 401"),
        (b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n", "with HTTP 503"),
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", "does not speak WebSocket there"),
        (b"", "does not speak WebSocket there"),
    ],
)
async def test_a_refused_upgrade_says_by_whom_and_how(
    answer: bytes, expected: str
) -> None:
    async def talk(line: Line) -> None:
        await line.stream.receive()
        if answer:
            await line.stream.send(answer)

    async with no_leaks(), serving(talk) as url:
        with pytest.raises(TransportError) as caught:
            async with opening(url):
                pass
    assert expected in str(caught.value)
    assert "127.0.0.1:" in str(caught.value)
    assert KEY not in repr(caught.value)


async def test_what_is_raised_while_it_is_open_comes_out_as_it_is() -> None:
    group = ExceptionGroup("of the program", [ValueError("its own")])

    async def talk(line: Line) -> None:
        await line.accept()
        await line.gone()

    async with no_leaks(), serving(talk) as url:
        with pytest.raises(ExceptionGroup) as caught:
            async with opening(url):
                raise group
    assert caught.value is group


async def test_nobody_there_is_a_transport_error() -> None:
    listener = await create_tcp_listener(local_host="127.0.0.1")
    port = listener.extra(SocketAttribute.local_port)
    await listener.aclose()
    async with no_leaks():
        with pytest.raises(TransportError, match=f"no connection to 127.0.0.1:{port}"):
            async with opening(f"http://127.0.0.1:{port}/v1"):
                pass


async def test_a_server_that_never_answers_is_given_up() -> None:
    async def talk(line: Line) -> None:
        await sleep_forever()

    async with no_leaks(), serving(talk) as url:
        with pytest.raises(TransportError, match="no connection to"):
            async with opening(url, Timeouts(open=0.1)):
                pass


async def test_a_goodbye_in_the_middle_of_a_long_answer_is_heard() -> None:
    answered = Event()

    async def talk(line: Line) -> None:
        await line.accept()
        for _ in range(500):  # more than any buffer of websockets holds
            await line.send("audio")
        await line.gone()  # which reads our goodbye, and answers it
        assert line.protocol.close_rcvd is not None
        answered.set()

    async with no_leaks(), serving(talk) as url:
        async with opening(url, Timeouts(farewell=2.0)) as connection:
            await connection.receive()
        with fail_after(5):
            await answered.wait()


@pytest.mark.parametrize("behaviour", ["deaf", "mute", "gone", "babbling"])
async def test_leaving_takes_no_longer_than_a_farewell(
    behaviour: str,
) -> None:
    async def talk(line: Line) -> None:
        await line.accept()
        if behaviour == "mute":  # reads, and says no goodbye
            while True:
                await line.stream.receive()
        elif behaviour == "babbling":
            while True:
                await line.send("audio")
        elif behaviour == "deaf":
            await sleep_forever()

    with fail_after(5):
        async with (
            no_leaks(),
            serving(talk) as url,
            opening(url) as connection,
        ):
            if behaviour == "deaf":
                with move_on_after(0.2):  # until the socket takes no more
                    while True:
                        await connection.send("x" * 100_000)


async def test_a_full_buffer_does_not_keep_a_connection_open() -> None:
    async def talk(line: Line) -> None:
        await line.accept()
        while True:
            await line.send("audio")

    with fail_after(5):
        async with (
            no_leaks(),
            serving(talk) as url,
            opening(url) as connection,
        ):
            await connection.receive()
            await sleep(0.05)  # until the buffer is full


@pytest.mark.parametrize("when", ["opening", "receiving", "closing"])
async def test_cancelled_at_any_point_nothing_is_left(
    when: str,
) -> None:
    reached = Event()

    async def talk(line: Line) -> None:
        if when == "opening":
            reached.set()
            await sleep_forever()
        await line.accept()
        if when == "receiving":
            reached.set()
        await sleep_forever()

    async def client(url: str) -> None:
        async with opening(url) as connection:
            if when == "closing":
                reached.set()
            else:
                await connection.receive()

    with fail_after(5):
        async with no_leaks(), serving(talk) as url, create_task_group() as tasks:
            tasks.start_soon(client, url)
            await reached.wait()
            tasks.cancel_scope.cancel()


def test_cancelled_at_any_step_on_uvloop_it_ends() -> None:
    # uvloop closes a connection of which the protocol was just told, and says no more.
    async def talk(line: Line) -> None:
        await line.accept()
        await line.gone()

    async def client(url: str) -> None:
        async with opening(url) as connection:
            await connection.receive()

    async def program() -> None:
        async with serving(talk) as url:
            for steps in range(1, 25):
                task = asyncio.ensure_future(client(url))
                for _ in range(steps):
                    await checkpoint()
                task.cancel()
                ended, _ = await asyncio.wait({task}, timeout=5)
                assert ended, f"it still waits, cancelled after {steps} steps"

    uvloop.run(program())


async def test_neither_the_key_nor_what_is_said_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def talk(line: Line) -> None:
        await line.accept()
        await line.send("secret", words="my number is 4711")
        await line.close(1011, "oops")

    caplog.set_level(logging.DEBUG, logger="websockets.client")
    with caplog.at_level(logging.DEBUG):
        error = await lost(talk)
    shown = caplog.text + repr(error) + str(error)
    assert KEY not in shown
    assert "4711" not in shown

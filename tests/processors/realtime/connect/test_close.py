"""Each end of a connection is told by its name, and on both loops by the same one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, suppress
from typing import Any

import pytest
from anyio import create_task_group, fail_after, sleep_forever
from anyio.lowlevel import checkpoint
from websockets.frames import Frame, Opcode

from voxpipe.pipeline import SessionLost
from voxpipe.pipeline.testing import no_leaks
from voxpipe.processors.realtime import Service
from voxpipe.processors.realtime.connect.close import Timeouts
from voxpipe.processors.realtime.connect.connection import (
    MAX_MESSAGE,
    Connection,
    websocket,
)
from voxpipe.processors.realtime.connect.host import host_of

from ..server import Line, serving

SECRET = "my number is 4711"
HASTY = Timeouts(farewell=0.1)


def opening(
    url: str, timeouts: Timeouts = HASTY, max_size: int = MAX_MESSAGE
) -> AbstractAsyncContextManager[Connection]:
    host = host_of(service=Service(api_key="sk-test", base_url=url))
    return websocket(host.websocket(model="gpt-realtime-2.1"), timeouts, max_size)


async def told(
    talk: Callable[[Line], Awaitable[Any]],
    timeouts: Timeouts = HASTY,
    max_size: int = MAX_MESSAGE,
) -> tuple[list[str], SessionLost]:
    """What a client that only listens hears, and how it ends."""
    heard: list[str] = []
    async with (
        no_leaks(),
        serving(talk) as url,
        opening(url, timeouts, max_size) as connection,
    ):
        with fail_after(20):
            try:
                while True:
                    heard.append(await connection.receive())
            except SessionLost as error:
                return heard, error


def frames(*listed: Frame) -> bytes:
    return b"".join(frame.serialize(mask=False) for frame in listed)


async def test_a_goodbye_is_told_by_its_code() -> None:
    async def talk(line: Line) -> None:
        await line.accept()
        await line.send_text("words")
        await line.close(1011, SECRET)

    heard, error = await told(talk)
    assert (heard, error.how, error.code) == (["words"], "closed", 1011)
    assert error.reason == SECRET
    assert SECRET not in str(error) + repr(error)


async def test_an_end_without_a_goodbye_is_told() -> None:
    async def talk(line: Line) -> None:
        await line.accept()
        await line.send_text("words")

    heard, error = await told(talk)
    assert (heard, error.how, error.code) == (["words"], "ended", None)
    assert "went away, without a goodbye" in str(error)


async def test_a_reset_is_told() -> None:
    async def talk(line: Line) -> None:
        await line.accept()
        line.reset()

    _, error = await told(talk)
    assert (error.how, error.code) == ("reset", None)
    assert "reset the connection" in str(error)


async def test_a_half_open_connection_is_told() -> None:
    async def talk(line: Line) -> None:
        await line.accept()
        await sleep_forever()

    _, error = await told(talk, Timeouts(quiet=0.05, answer=0.05, farewell=0.1))
    assert (error.how, error.code) == ("silent", None)
    assert "nothing has come from the other side for 0.1 s" in str(error)


async def test_who_reads_nothing_is_noticed_though_it_speaks() -> None:
    """Before megabytes of speech are in the system's hands."""
    hasty = Timeouts(quiet=0.1, answer=0.1, farewell=0.1)

    async def talk(line: Line) -> None:
        await line.accept()
        while True:
            await line.send_text("words")
            await checkpoint()

    sent = 0
    async with no_leaks(), serving(talk) as url, opening(url, hasty) as connection:

        async def listen() -> None:
            with suppress(SessionLost):
                while True:
                    await connection.receive()

        with fail_after(20):
            async with create_task_group() as tasks:
                tasks.start_soon(listen)
                try:
                    while True:
                        await connection.send("x" * 1_000)
                        sent += 1_000
                except SessionLost as error:
                    assert error.how == "unread"  # noqa: PT017  # that it comes counts
    assert sent < 512 * 1_024  # most of it what the other side's system has taken


@pytest.mark.parametrize(
    ("data", "code", "expected"),
    [
        (b"\xc1\x00", 1002, "breaks the WebSocket protocol"),
        (b"\x83\x00", 1002, "breaks the WebSocket protocol"),
        (b"\x81\x81\x00\x00\x00\x00x", 1002, "breaks the WebSocket protocol"),
        (b"\x80\x00", 1002, "breaks the WebSocket protocol"),
        (b"\x88\x02\x03\xee", 1002, "breaks the WebSocket protocol"),
        (b"\x88\x04\x03\xe8\xff\xff", 1007, "not UTF-8"),
        (frames(Frame(Opcode.TEXT, b"\xed\xa0\x80")), 1007, "not UTF-8"),
        (
            frames(
                Frame(Opcode.TEXT, b"\xce", fin=False), Frame(Opcode.CONT, b"x" * 9)
            ),
            1007,
            "not UTF-8",
        ),
        (b"\x81\x7e\x10\x00", 1009, " bytes or more, and 4000 are the limit"),
        (
            frames(
                Frame(Opcode.TEXT, b"x" * 3_000, fin=False),
                Frame(Opcode.CONT, b"x" * 3_000),
            ),
            1009,
            "message of 6000 bytes or more, and 4000 are the limit",
        ),
    ],
)
async def test_what_is_refused_from_here_is_told_as_that(
    data: bytes, code: int, expected: str
) -> None:
    closed: list[object] = []

    async def talk(line: Line) -> None:
        await line.accept()
        await line.send_text("words")
        await line.stream.send(data)
        await line.gone()
        closed.append(line.protocol.close_rcvd and line.protocol.close_rcvd.code)

    heard, error = await told(talk, max_size=4_000)
    assert (heard, error.how, error.code) == (["words"], "refused", code)
    assert f"it was closed from here with {code}: " in str(error)
    assert expected in str(error)
    assert closed == [code]


async def test_a_message_in_thousands_of_fragments_is_one_message() -> None:
    async def talk(line: Line) -> None:
        await line.accept()
        text = "a long wörd " * 1_000
        first, *rest = [bytes([byte]) for byte in text.encode()]
        pieces = [Frame(Opcode.TEXT, first, fin=False)]
        for number, each in enumerate(rest):
            pieces.append(Frame(Opcode.CONT, each, fin=False))
            if number % 1_000 == 0:
                pieces.append(Frame(Opcode.PING, b"there?"))
                pieces.append(Frame(Opcode.CONT, b"", fin=False))
        pieces.append(Frame(Opcode.CONT, b""))
        await line.stream.send(frames(*pieces))
        await line.close(1000)

    heard, error = await told(talk)
    assert heard == ["a long wörd " * 1_000]
    assert error.how == "closed"


async def test_the_longest_turn_of_a_session_can_be_retrieved() -> None:
    """60 minutes at 24 kHz, in base64, of which a tenth comes here; the rest counts."""
    turn = 60 * 60 * 48_000 * 4 // 3
    assert turn + 1_024 < MAX_MESSAGE

    async def talk(line: Line) -> None:
        await line.accept()
        await line.send("conversation.item.retrieved", audio="A" * (turn // 10))
        await line.close(1000)

    heard, _ = await told(talk)
    assert len(heard[0]) > turn // 10

"""A hundred calls of mixed carriers in one process: nobody hears another's sample.

In memory, and to one server over real sockets, each ringing and signing as its own.
"""

from __future__ import annotations

from typing import Any

import pytest
from anyio import create_task_group, current_time, fail_after

from voxpipe.pipeline import AudioFormat
from voxpipe.pipeline.testing import no_leaks
from voxpipe.transports.serving import Server
from voxpipe.transports.telephony import Switchboard
from voxpipe.transports.telephony.carrier import CarrierEndpoints
from voxpipe.transports.telephony.testing import (
    Caller,
    Leg,
    MemoryLine,
    Speech,
    Words,
    memory_lines,
)
from voxpipe.websocket.choice import SOCKETS

from ....matrix import mostly_slow
from ....processors.realtime.loops import BACKENDS, Backend, run_virtually
from ..testing.agents import parrot
from .table import LINES, PUBLIC, WIRES

CALLS = 108


def tone(format: AudioFormat, number: int) -> bytes:
    """Half a second that only this caller says: loud, and one sample over and over."""
    if format.encoding == "pcm16":
        sample = (1_000 + number * 100).to_bytes(2, "little", signed=True)
    else:
        sample = bytes([_LOUD[number]])
    return sample * round(format.rate / 2)


# Codes of G.711 that are loud, whichever law it is.
_LOUD = [code for code in range(256) if code & 0x70 in (0x00, 0x10, 0x20, 0x30)]


async def serve(board: Switchboard, words: Words, line: MemoryLine) -> None:
    async with words.call.accept(line) as call:
        await board.run(call)


@pytest.mark.parametrize("backend", mostly_slow(BACKENDS, "asyncio".__eq__))
def test_nobody_hears_another_s_sample(backend: Backend) -> None:
    heard: dict[int, tuple[bytes, bytes]] = {}
    kinds = list(WIRES.values())

    async def one(board: Switchboard, number: int, tasks: Any) -> None:
        words = kinds[number % len(kinds)]()
        ours, theirs = memory_lines()
        tasks.start_soon(serve, board, words, theirs)
        said = tone(words.format, number)
        async with Caller(Leg(current_time(), words), ours) as caller:
            await caller.say(Speech(said, words.format))
            heard[number] = said, (await caller.listen()).data

    async def scene() -> None:
        board = Switchboard(parrot, limit=CALLS)
        async with create_task_group() as tasks:
            for number in range(CALLS):
                tasks.start_soon(one, board, number, tasks)

    run_virtually(backend, scene)
    assert len(heard) == CALLS
    for said, got in heard.values():
        assert got[: len(said)] == said
        assert not got[len(said) :].strip(b"\0")  # a message of Exotel's is full


@pytest.mark.slow
@pytest.mark.parametrize(
    "anyio_backend",
    [("asyncio", {"use_uvloop": each}) for each in (False, True)],
    ids=["asyncio", "uvloop"],
)
@pytest.mark.parametrize("library", ["websockets", "picows"])
async def test_nobody_does_at_one_server_over_sockets(
    library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SOCKETS, library)
    heard: dict[int, tuple[AudioFormat, bytes, bytes]] = {}
    violations = list[Any]()
    lines = list(LINES.values())
    board = Switchboard(parrot, limit=CALLS, apology=None)
    endpoints = CarrierEndpoints(
        board, [each.known() for each in lines], public_url=PUBLIC
    )

    async def one(url: str, number: int) -> None:
        async with lines[number % len(lines)].fake(url).call() as caller:
            said = tone(caller.format, number)
            await caller.say(Speech(said, caller.format))
            heard[number] = caller.format, said, (await caller.listen()).data
        violations.extend(caller.measured.violations)

    with fail_after(100):
        async with Server(endpoints) as server:
            await one(server.url, 0)  # libuv's loop keeps a spare descriptor from then
        async with (
            no_leaks(),
            Server(endpoints) as server,
            create_task_group() as tasks,
        ):
            for number in range(CALLS):
                tasks.start_soon(one, server.url, number)
    assert len(heard) == CALLS
    assert violations == []
    for format, said, got in heard.values():
        sample = said[: format.sample_bytes]
        # A busy machine may cut it in two: then it is not all that comes back at once.
        whole = {got[at:][: len(sample)] for at in range(0, len(got), len(sample))}
        assert whole <= {sample, format.silence(0.02)[: len(sample)]}
        assert sample in whole

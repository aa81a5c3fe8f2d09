"""A hundred calls of mixed carriers in one process: nobody hears another's sample."""

from __future__ import annotations

from typing import Any

import pytest
from anyio import create_task_group, current_time

from voxpipe.pipeline import AudioFormat
from voxpipe.transports.telephony import Switchboard
from voxpipe.transports.telephony.testing import (
    Caller,
    Leg,
    MemoryLine,
    Speech,
    Words,
    memory_lines,
)

from ....processors.realtime.loops import BACKENDS, Backend, run_virtually
from ..testing.agents import parrot
from .table import WIRES

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


@pytest.mark.parametrize("backend", BACKENDS)
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

"""A thousand calls placed and hung up in turn leave nothing behind."""

from __future__ import annotations

import gc
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest
from anyio import sleep

from voxpipe.pipeline import TransportError
from voxpipe.pipeline.testing import no_leaks
from voxpipe.transports.telephony import Call
from voxpipe.transports.telephony.testing import answered

from ...processors.realtime.loops import (
    BACKENDS,
    Backend,
    run_virtually,
)
from .testing.agents import HUM, Parrot, speech, talk

CALLS = 1_000
WARM = 800  # calls until all caches are filled; trio takes its time
GREETING = HUM[:1_600]
WORD = speech(0.1)


async def greets(call: Call) -> None:
    await talk(call, Parrot(GREETING))


async def says_goodbye(call: Call) -> None:
    call.hang_up()
    await greets(call)


async def fails(call: Call) -> None:
    await sleep(0.1)
    raise TransportError("the model is away")


async def the_caller_hangs_up() -> str:
    async with answered(greets) as caller:
        await caller.say(WORD)
    return caller.ended


async def the_caller_interrupts_and_hangs_up() -> str:
    async with answered(greets) as caller:
        await caller.interrupt(WORD, after=0.05)
        caller.press("1")
        caller.hang_up()
        await caller.wait_closed()
    return caller.ended


async def the_agent_hangs_up() -> str:
    async with answered(says_goodbye) as caller:
        await caller.wait_closed()
    return caller.ended


async def the_connection_drops() -> str:
    async with answered(greets) as caller:
        await sleep(0.11)
        caller.drop()
    return caller.ended


async def the_app_fails() -> str:
    ended = ""
    with suppress(TransportError):
        async with answered(fails) as caller:
            await caller.wait_closed()
            ended = caller.ended
        return "unnoticed"
    return ended


ENDS: dict[Callable[[], Awaitable[str]], str] = {
    the_caller_hangs_up: "caller",
    the_caller_interrupts_and_hangs_up: "caller",
    the_agent_hangs_up: "agent",
    the_connection_drops: "caller",
    the_app_fails: "agent",
}


def blocks() -> int:
    """What is allocated now, and is not garbage."""
    gc.collect()
    return sys.getallocatedblocks()


@pytest.mark.slow
@pytest.mark.parametrize("backend", BACKENDS)
def test_a_thousand_calls_in_turn_leave_nothing_behind(backend: Backend) -> None:
    async def scene() -> None:
        before = 0
        async with no_leaks():
            for number in range(CALLS):
                if number == WARM:
                    before = blocks()
                place = list(ENDS)[number % len(ENDS)]
                assert await place() == ENDS[place], place.__name__
        # A call takes thousands of blocks while it lasts; not one may be left of it.
        assert blocks() - before < CALLS - WARM

    run_virtually(backend, scene)

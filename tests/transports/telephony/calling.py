"""Calls to a switchboard, without an endpoint in between."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from anyio import create_task_group, current_time, sleep

from voxpipe.transports.telephony import Switchboard
from voxpipe.transports.telephony.testing import Caller, Leg, MemoryLine, memory_lines
from voxpipe.transports.telephony.twilio import TwilioCall

Run = Callable[[Callable[[], Awaitable[Any]]], Any]
Told = Callable[[], list[tuple[str, ...]]]


async def serve(board: Switchboard, line: MemoryLine) -> None:
    async with TwilioCall.accept(line) as call:
        call.caller, call.called = "+15550100", "+15550199"
        await board.run(call)


@asynccontextmanager
async def called(board: Switchboard, *, capacity: int = 64) -> AsyncGenerator[Caller]:
    """Call, without an endpoint in between; at the end the caller hangs up."""
    ours, theirs = memory_lines(capacity)
    async with create_task_group() as tasks:
        tasks.start_soon(serve, board, theirs)
        # As long as no switchboard lets a call be silent: it is that which is tested.
        async with Caller(Leg(current_time()), ours, patience=600.0) as caller:
            yield caller


async def cut_off(board: Switchboard) -> None:
    """A call whose server ends while it lasts."""
    ours, theirs = memory_lines()
    async with create_task_group() as tasks:
        tasks.start_soon(serve, board, theirs)
        for message in Leg(current_time()).opening():
            await ours.send(message)
        await sleep(1)
        tasks.cancel_scope.cancel()
    await ours.close()


def state_of(board: Switchboard) -> str:
    """Not narrowed by what it was before."""
    return board.state

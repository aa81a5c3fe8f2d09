"""Orders: each keeps one place, comes to one end, and is waited for no longer than so.

Time is virtual.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import Any

import pytest
from anyio import create_task_group, current_time, sleep
from hypothesis import given
from hypothesis import strategies as st

from voxpipe.pipeline.testing import run_virtual
from voxpipe.transports.telephony import (
    Call,
    CallFailed,
    CallNotTaken,
    PlacedCall,
    Switchboard,
)
from voxpipe.transports.telephony.placed import DETECTION_TIMEOUT
from voxpipe.transports.telephony.testing import Leg, memory_lines
from voxpipe.transports.telephony.tickets import Replayed
from voxpipe.transports.telephony.twilio import TwilioCall

from .calling import Run, state_of
from .testing.agents import parrot


async def call_of(call_id: str) -> TwilioCall:
    """A call as an endpoint has it, whose line is dead."""
    ours, theirs = memory_lines()
    leg = Leg(current_time())
    for message in leg.opening():
        await ours.send(message)
    async with TwilioCall.accept(theirs) as call:
        call.id = call_id
    await ours.close()
    return call


def test_an_order_of_which_nothing_is_heard_is_over_in_time(
    in_time: Run, caplog: pytest.LogCaptureFixture
) -> None:
    async def scene() -> float:
        board = Switchboard(parrot, limit=1)
        began = current_time()
        placed = board.order(seconds=90)
        assert state_of(board) == "full"
        with pytest.raises(CallFailed, match="callbacks reach"):
            await placed.over()
        took = current_time() - began
        assert state_of(board) == "ready"
        # And without anybody who waits for it.
        board.order(seconds=90)
        await sleep(90)
        assert state_of(board) == "ready"
        assert board.orders.find(placed.token) is None
        return took

    caplog.set_level(logging.INFO)
    assert in_time(scene) == pytest.approx(90)
    assert "why=lost" in caplog.text


def test_a_detection_that_never_comes_is_waited_for_a_minute(
    in_time: Run, caplog: pytest.LogCaptureFixture
) -> None:
    async def scene() -> tuple[float, str]:
        board = Switchboard(parrot)
        placed = board.order(seconds=90, detect="greeting")
        assert placed.connect(await call_of("CA1"))
        began = current_time()
        await placed.greeting_over()
        return current_time() - began, await placed.detected()

    assert in_time(scene) == (pytest.approx(DETECTION_TIMEOUT), "unknown")
    assert caplog.text.count("has not said who answered") == 1


@pytest.mark.parametrize("told_by", ["the stream", "the carrier"])
def test_whoever_waits_for_a_detection_is_let_go_by_the_end(
    in_time: Run, told_by: str
) -> None:
    async def scene() -> float:
        board = Switchboard(parrot)
        placed = board.order(seconds=90, detect="greeting")
        placed.connect(await call_of("CA1"))
        began = current_time()

        async def hang_up() -> None:
            await sleep(2)
            if told_by == "the stream":
                placed.finished("caller")
            else:
                placed.failed("completed")

        async with create_task_group() as tasks:
            tasks.start_soon(hang_up)
            assert await placed.detected() == "unknown"
        return current_time() - began

    assert in_time(scene) == pytest.approx(2)


def test_one_stream_comes_of_an_order_and_only_of_its_own_call(in_time: Run) -> None:
    async def scene() -> None:
        board = Switchboard(parrot)
        placed = board.order(seconds=90, parameters={"name": "Ann"})
        assert placed.name("CA1")
        other, right, again = [await call_of(each) for each in ("CA2", "CA1", "CA1")]
        assert not placed.connect(other)
        assert placed.connect(right)
        assert not placed.connect(again)
        assert right.placed is placed
        assert right.parameters == {"name": "Ann"}
        assert other.placed is again.placed is None
        assert other.answered_by == ""
        placed.failed("busy")  # too late: somebody is spoken to
        assert not placed.is_over
        over = board.order(seconds=90)
        over.failed("busy")
        assert not over.connect(await call_of("CA3"))

    in_time(scene)


def test_an_order_shows_its_token_nobody() -> None:
    async def scene() -> None:
        board = Switchboard(parrot)
        placed = board.order(seconds=90, parameters={"pin": "4711"})
        ticket = board.promise("CA1", placed=placed)
        redeemed = board.tickets.redeem(ticket, "CA1")
        shown = repr(placed) + str(placed) + repr(redeemed)
        assert placed.token not in shown
        assert "4711" not in shown

    run_virtual(scene)


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["order", "ring", "promise", "stream", "busy", "end", "wait"]),
        st.integers(0, 5),
    ),
    max_size=40,
)
LIMIT = 3


@given(STEPS)
def test_whatever_happens_no_place_is_taken_twice_or_lost(
    steps: list[tuple[str, int]],
) -> None:
    """Orders, answers, streams, refusals, ends and time, in any order."""

    async def scene() -> None:
        board = Switchboard(parrot, limit=LIMIT)
        orders = list[PlacedCall]()
        lines = dict[int, Call]()
        ends = dict[int, object]()
        for step, which in steps:
            if step == "wait":
                await sleep(which * 10)
            elif step == "order":
                before = len(board.orders) + len(board.tickets)
                try:
                    orders.append(board.order(seconds=60))
                except CallNotTaken:
                    assert before >= LIMIT
                else:
                    assert len(board.orders) + len(board.tickets) == before + 1
            elif which < len(orders):
                await act(board, orders[which], step, which, lines)
            assert len(board.orders) + len(board.tickets) <= LIMIT
            for index, placed in enumerate(orders):
                end: Any = (placed._why, placed._ending)  # pyright: ignore
                if placed.is_over:
                    assert ends.setdefault(index, end) == end
        await sleep(200)
        assert len(board.orders) == len(board.tickets) == 0
        assert all(each.is_over for at, each in enumerate(orders) if at not in lines)

    async def act(
        board: Switchboard,
        placed: PlacedCall,
        step: str,
        which: int,
        lines: dict[int, Call],
    ) -> None:
        call_id = f"CA{which}"
        if step == "promise":
            with suppress(Replayed, CallNotTaken):
                board.promise(call_id, placed=placed)
        elif step == "stream":
            call = await call_of(call_id)
            board.tickets.cancel(call_id)
            was = placed.is_over or which in lines
            assert placed.connect(call) is not was
            if not was:
                lines[which] = call
        elif step == "busy":
            placed.failed("busy")
        elif step == "end" and which in lines:
            placed.finished("caller")

    run_virtual(scene)

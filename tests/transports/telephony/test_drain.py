"""An end to all calls: new ones are refused, the others end in peace, or are cut."""

from __future__ import annotations

from functools import partial

import pytest
from anyio import (
    CancelScope,
    create_task_group,
    current_time,
    fail_after,
    sleep,
    sleep_forever,
)

from voxpipe.transports.telephony import Call, CallNotTaken, Switchboard
from voxpipe.transports.telephony.testing import Leg, memory_lines
from voxpipe.transports.telephony.twilio import TwilioCall

from .calling import Run, Told, called, cut_off, state_of
from .testing.agents import parrot, speech


def test_a_drain_waits_for_calls_and_takes_no_new_ones(
    in_time: Run, told: Told
) -> None:
    async def scene() -> None:
        async with create_task_group() as tasks, called(board) as caller:
            await caller.say(speech(0.1))
            tasks.start_soon(drain)
            await sleep(1)
            assert state_of(board) == "draining"
            with pytest.raises(CallNotTaken, match="draining"):
                board.admit()
            with pytest.raises(CallNotTaken, match="draining"):
                board.promise("CA1")
            await caller.say(speech(1))
            assert (await caller.listen()).duration > 0.9
            assert done == []
            caller.hang_up()
            await caller.wait_closed()

    async def drain() -> None:
        done.append(await board.drain(60))

    board, done = Switchboard(parrot), list[int]()
    in_time(scene)
    assert done == [0]
    assert [end for end, *_ in told()] == ["caller"]


def test_a_drain_without_calls_takes_no_time(in_time: Run) -> None:
    async def scene() -> None:
        began = current_time()
        assert await Switchboard(parrot).drain(60) == 0
        assert current_time() == began

    in_time(scene)


def test_a_drain_still_takes_the_calls_that_were_promised(
    in_time: Run, told: Told
) -> None:
    async def scene() -> None:
        board = Switchboard(parrot)
        token = board.promise("CA1")
        async with create_task_group() as tasks:
            tasks.start_soon(board.drain, 60)
            await sleep(1)
            assert board.tickets.redeem(token, "CA1") is not None
            async with called(board) as caller:
                await caller.say(speech(1))
                assert (await caller.listen()).duration > 0.9

    in_time(scene)
    assert [end for end, *_ in told()] == ["caller"]


def test_a_drain_cuts_what_is_not_over_by_its_deadline(
    in_time: Run, told: Told
) -> None:
    async def scene() -> None:
        board = Switchboard(parrot)
        async with called(board) as one, called(board) as two:
            await one.say(speech(0.1))
            began = current_time()
            assert await board.drain(10) == 2
            assert current_time() - began == pytest.approx(10)
            assert board.calls == 0
            for caller in (one, two):
                await caller.wait_closed()
                assert caller.close_code == 1000

    in_time(scene)
    assert [end for end, *_ in told()] == ["drained"] * 2


def test_a_second_drain_ends_the_first(in_time: Run, told: Told) -> None:
    async def scene() -> None:
        board = Switchboard(parrot)
        async with called(board) as caller, create_task_group() as tasks:
            await caller.say(speech(0.1))
            tasks.start_soon(board.drain, 600)
            await sleep(1)
            with fail_after(1):
                assert await board.drain(0) == 1
        assert current_time() < 10

    in_time(scene)
    assert [end for end, *_ in told()] == ["drained"]


def test_a_promised_call_that_comes_after_the_deadline_is_refused(in_time: Run) -> None:
    async def scene() -> None:
        board = Switchboard(parrot)
        board.promise("CA1")
        assert await board.drain(5) == 0
        ours, theirs = memory_lines()
        for message in Leg(current_time()).opening():
            await ours.send(message)
        async with TwilioCall.accept(theirs) as call:
            with pytest.raises(CallNotTaken, match="draining"):
                await board.run(call)
        await ours.close()

    in_time(scene)


def test_an_app_that_ends_slowly_does_not_hold_up_a_drain(in_time: Run) -> None:
    async def app(call: Call) -> None:
        try:
            await sleep_forever()
        finally:
            with CancelScope(shield=True):
                await sleep(60)

    async def scene() -> None:
        board = Switchboard(app)
        async with called(board) as caller:
            await caller.say(speech(0.1))
            began = current_time()
            assert await board.drain(1) == 1
            assert current_time() - began == pytest.approx(6)  # 5 s to end

    in_time(scene)


def test_a_server_that_cancels_a_call_drains_it(in_time: Run, told: Told) -> None:
    in_time(partial(cut_off, Switchboard(parrot)))
    assert [end for end, *_ in told()] == ["drained"]

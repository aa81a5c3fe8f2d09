"""Calls are refused before those that there are begin to suffer."""

from __future__ import annotations

import logging
import math

import pytest
from anyio import create_task_group, fail_after, sleep
from anyio.lowlevel import checkpoint
from hypothesis import given
from hypothesis import strategies as st

from voxpipe.pipeline.testing import no_leaks
from voxpipe.transports.telephony import CallNotTaken, Switchboard, load
from voxpipe.transports.telephony.load import ENOUGH, KEPT, Load

from .calling import Run, called, state_of
from .testing.agents import parrot, speech


def loaded(*late: float) -> Load:
    measured = Load(0.1)
    for each in late:
        measured.note(each)
    return measured


@given(st.lists(st.floats(0, 5), max_size=200))
def test_it_is_late_by_what_one_look_in_twenty_was(late: list[float]) -> None:
    measured, kept = loaded(*late), sorted(late[-KEPT:])
    if len(kept) < ENOUGH:
        assert measured.late == 0.0
    else:
        beyond = [each for each in kept if each > measured.late]
        assert len(beyond) <= len(kept) / 20
        assert measured.late in kept


def test_one_loop_that_stood_still_is_no_load_and_one_that_is_slow_is() -> None:
    assert not loaded(*[0.0] * 49, 3.0).is_too_much
    assert not loaded(*[0.09] * 50).is_too_much
    assert loaded(*[0.0] * 40, *[0.11] * 10).is_too_much
    assert not loaded(*[0.11] * 50, *[0.0] * 50).is_too_much  # it is over


def test_a_busy_machine_takes_no_call_and_those_that_it_has_go_on(
    in_time: Run, caplog: pytest.LogCaptureFixture
) -> None:
    async def scene() -> None:
        board = Switchboard(parrot)
        async with called(board) as caller:
            await caller.say(speech(0.1))
            promised = board.promise("CA1")
            for _ in range(KEPT):
                board.load.note(0.15)
            assert state_of(board) == "full"
            for _ in range(3):
                with pytest.raises(CallNotTaken, match="full, the machine is busy"):
                    board.admit()
            with pytest.raises(CallNotTaken, match="busy"):
                board.promise("CA2")
            assert board.redeem(promised, "CA1") is not None
            await sleep(6)  # in which nothing is late
            assert state_of(board) == "ready"
            assert not caller.ended
        assert board.load.late == 0.0  # nobody is there

    in_time(scene)
    (line,) = [each for each in caplog.messages if "late" in each]
    assert "beside 1: the event loop is 150 ms late (p95), and 100 ms" in line


def test_calls_can_be_counted_only(in_time: Run) -> None:
    async def scene() -> None:
        board = Switchboard(parrot, late_limit=math.inf)
        for _ in range(KEPT):
            board.load.note(9.0)
        board.admit()

    in_time(scene)
    with pytest.raises(ValueError, match="and 0"):
        Switchboard(parrot, late_limit=0)


async def test_it_is_the_loop_that_is_looked_at(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """In real time, and with a limit that every loop is beyond."""
    caplog.set_level(logging.WARNING)
    monkeypatch.setattr(load, "INTERVAL", 0.001)
    with fail_after(30):
        async with no_leaks(), create_task_group() as tasks:
            board = Switchboard(parrot, late_limit=1e-9)
            async with called(board):
                while state_of(board) == "ready":
                    await checkpoint()
                with pytest.raises(CallNotTaken, match="busy"):
                    board.admit()
            tasks.cancel_scope.cancel()

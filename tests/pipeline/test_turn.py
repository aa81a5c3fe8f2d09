"""A turn is cut once and for all, held for a while, and remembers what was heard."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Awaitable, Callable

import pytest
from anyio import create_task_group, current_time, sleep
from anyio.lowlevel import checkpoint

from voxpipe.pipeline import Basis, PlayedItem, Turn, TurnError, VoxpipeError
from voxpipe.pipeline.runtime.start import START_TIMEOUT, Start
from voxpipe.pipeline.testing import cancelled_at, no_leaks, run_virtual
from voxpipe.pipeline.turn import State


class Playhead:
    """One that is where the test says it is."""

    def __init__(self, position: float = 0.0, basis: Basis = "estimated") -> None:
        self.at: tuple[float, Basis] = (position, basis)

    def position(self, turn: Turn) -> tuple[float, Basis]:
        return self.at


def playing(position: float = 0.0) -> tuple[Turn, Playhead]:
    turn, playhead = Turn(), Playhead(position)
    turn.playing_on(playhead)
    return turn, playhead


def timed(story: Callable[[], Awaitable[None]]) -> None:
    """Run what needs a clock, in virtual time."""
    run_virtual(story)


# --- cutting


def test_a_cut_is_synchronous_and_final() -> None:
    turn, _ = playing()
    assert turn.cut() is True
    assert turn.is_cut
    assert turn.is_over
    assert turn.state == "cut"
    turn.resume()
    turn.finish()
    turn.playing_on(Playhead())
    assert turn.state == "cut"


def test_a_second_cut_changes_nothing_and_says_so() -> None:
    turn, playhead = playing(1.0)
    calls: list[str] = []
    turn.watch(lambda: calls.append(turn.state))
    assert turn.cut()
    playhead.at = (2.0, "measured")
    assert not turn.cut()
    assert calls == ["cut"]
    assert turn.played == 1.0


def test_a_reply_that_was_heard_cannot_be_cut() -> None:
    turn, _ = playing()
    turn.finish()
    assert not turn.cut()
    assert not turn.is_cut
    assert turn.state == "played"


def test_a_cut_freezes_what_was_heard() -> None:
    turn, playhead = playing(1.25)
    turn.grow(5.0, "item")
    turn.cut()
    playhead.at = (3.0, "measured")
    turn.note_played(4.0, "measured")
    assert turn.played == 1.25
    assert turn.basis == "estimated"
    assert turn.items()[0].played == 1.25


def test_an_ear_that_cannot_stop_says_where_it_comes_to_rest() -> None:
    turn, playhead = Turn(), Playhead(1.0)
    turn.playing_on(playhead, stops_at=lambda _: (1.2, "estimated"))
    assert turn.played == 1.0
    turn.cut()
    assert turn.played == 1.2


def test_a_turn_that_no_sink_has_played_was_not_heard() -> None:
    turn = Turn()
    turn.grow(2.0)
    turn.cut()
    assert turn.played == 0.0
    assert not turn.has_playhead


# --- waiting for it


async def test_a_cut_wakes_all_who_wait() -> None:
    turn = Turn()
    woken: list[str] = []

    async def wait_for_the_end() -> None:
        woken.append(await turn.over())

    async def wait_for_a_change() -> None:
        woken.append(await turn.changed())

    async with create_task_group() as tasks:
        tasks.start_soon(wait_for_the_end)
        tasks.start_soon(wait_for_the_end)
        tasks.start_soon(wait_for_a_change)
        for _ in range(3):
            await checkpoint()
        assert woken == []
        turn.cut()
    assert woken == ["cut"] * 3


async def test_changes_are_told_one_by_one() -> None:
    turn = Turn()
    seen: list[State] = []

    async def follow() -> None:
        while not turn.is_over:
            seen.append(await turn.changed())

    async with create_task_group() as tasks:
        tasks.start_soon(follow)
        changes: list[Callable[[], object]] = [
            lambda: turn.playing_on(Playhead()),
            turn.hold,
            turn.resume,
            turn.finish,
        ]
        for change in changes:
            for _ in range(3):
                await checkpoint()
            change()
    assert seen == ["playing", "held", "playing", "played"]


async def test_who_comes_late_does_not_wait() -> None:
    turn = Turn()
    turn.finish()
    assert await turn.over() == "played"
    assert await turn.changed() == "played"


async def test_waiting_can_be_cancelled_at_every_step() -> None:
    step = 0
    async with no_leaks():
        while step < 5:
            turn = Turn()
            assert await cancelled_at(step, turn.over)
            turn.cut()
            step += 1


def test_watchers_are_told_of_every_change_until_they_leave() -> None:
    turn = Turn()
    seen: list[str] = []
    key = turn.watch(lambda: seen.append(turn.state))
    turn.playing_on(Playhead())
    turn.unwatch(key)
    turn.unwatch(key)  # twice does no harm
    turn.cut()
    assert seen == ["playing"]


def test_a_watcher_may_leave_while_it_is_told() -> None:
    turn = Turn()
    seen: list[str] = []

    def first() -> None:
        turn.unwatch(second_key)
        seen.append("first")

    turn.watch(first)
    second_key = turn.watch(lambda: seen.append("second"))
    turn.cut()
    assert seen == ["first", "second"]  # it was already on its way


# --- holding


def test_a_held_turn_is_resumed_to_where_it_was() -> None:
    async def story() -> None:
        turn, _ = playing()
        waiting = Turn()
        states: list[str] = []
        for each in (turn, waiting):
            each.hold()
            states.append(each.state)
            each.resume()
            states.append(each.state)
        assert states == ["held", "playing", "held", "waiting"]

    timed(story)


def test_resuming_what_is_not_held_does_nothing() -> None:
    turn = Turn()
    turn.resume()
    assert turn.state == "waiting"


def test_a_hold_has_a_limit_of_two_seconds_from_the_first() -> None:
    async def story() -> None:
        turn, _ = playing()
        turn.hold()
        assert turn.held_until == current_time() + 2.0
        turn.hold(limit=9.0)
        assert turn.held_until == current_time() + 2.0
        turn.resume()
        turn.hold(limit=0.5)
        assert turn.held_until == current_time() + 0.5

    timed(story)


def test_a_hold_is_refused_where_the_server_interrupts_by_itself() -> None:
    turn = Turn(hold_refused="switch interrupt_response off to hold a reply")
    with pytest.raises(TurnError) as caught:
        turn.hold()
    assert str(caught.value) == "switch interrupt_response off to hold a reply"
    assert turn.state == "waiting"


def test_what_is_over_cannot_be_held() -> None:
    cut, played = Turn(), Turn()
    cut.cut()
    played.finish()
    with pytest.raises(TurnError, match="a reply that is cut cannot be held"):
        cut.hold()
    with pytest.raises(TurnError, match="a reply that is played cannot be held"):
        played.hold()


def test_an_ear_that_begins_does_not_end_a_hold() -> None:
    async def story() -> None:
        turn = Turn()
        turn.hold()
        turn.playing_on(Playhead())
        assert turn.state == "held"

    timed(story)


# --- the ledger


def test_what_was_heard_of_each_item_is_in_the_ledger() -> None:
    turn, playhead = playing()
    assert turn.grow(1.0, "first") == 0.0
    assert turn.grow(2.0, "second", 1) == 1.0
    assert turn.generated == 3.0
    playhead.at = (2.0, "measured")
    assert turn.items() == (
        PlayedItem("first", 0, 1.0, 1.0, "measured"),
        PlayedItem("second", 1, 2.0, 1.0, "measured"),
    )


def test_what_was_heard_never_goes_back() -> None:
    turn = Turn()
    turn.note_played(2.0, "measured")
    turn.note_played(1.0, "estimated")
    assert turn.noted == 2.0


def test_heard_to_the_end_keeps_the_last_position() -> None:
    turn, playhead = playing(3.0)
    turn.note_played(3.0, "measured")
    turn.finish()
    playhead.at = (9.0, "estimated")
    assert (turn.played, turn.basis) == (3.0, "measured")


# --- before a run


def test_who_waits_for_a_reply_and_starts_no_pipeline_is_told_so() -> None:
    async def scene() -> None:
        began = current_time()
        with pytest.raises(VoxpipeError, match="it has not been started"):
            await Turn(start=Start()).over()
        assert current_time() - began == pytest.approx(START_TIMEOUT)

    run_virtual(scene)


def test_a_reply_may_be_cut_before_its_pipeline_is_started() -> None:
    async def scene() -> None:
        turn = Turn(start=Start())
        async with create_task_group() as tasks:
            tasks.start_soon(turn.over)
            await checkpoint()
            turn.cut()
        assert await turn.over() == "cut"

    run_virtual(scene)


def test_once_its_pipeline_is_started_a_reply_has_all_the_time_that_it_needs() -> None:
    async def scene() -> None:
        start = Start()
        turn = Turn(start=start)
        async with create_task_group() as tasks:
            tasks.start_soon(turn.over)
            await sleep(START_TIMEOUT / 2)
            start.set()
            await sleep(60)
            turn.finish()
        assert await turn.over() == "played"

    run_virtual(scene)


# --- as a value


def test_a_turn_cannot_leave_its_process_and_is_its_own_copy() -> None:
    turn = Turn("resp_1")
    assert copy.copy(turn) is copy.deepcopy(turn) is turn
    with pytest.raises(TypeError, match="a turn lives in one process"):
        pickle.dumps(turn)


def test_a_turn_prints_its_name_and_state() -> None:
    turn = Turn("resp_1")
    assert repr(turn) == "<Turn resp_1 waiting>"
    turn.cut()
    assert repr(turn) == "<Turn resp_1 cut>"

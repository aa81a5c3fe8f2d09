"""Arithmetic of a device's clock; how it sounds is shown in ``test_playout.py``."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxpipe.pipeline import AudioFormat, AudioFrame, Turn
from voxpipe.pipeline.device_buffer import LAG_LIMIT, DeviceBuffer

PCM = AudioFormat("pcm16", 8_000)


def sound(turn: Turn | None, start: float, seconds: float = 0.1) -> AudioFrame:
    return AudioFrame(data=PCM.silence(seconds), format=PCM, start=start, turn=turn)


def filled(turn: Turn, pieces: int, now: float = 100.0) -> DeviceBuffer:
    backlog = DeviceBuffer()
    for n in range(pieces):
        backlog.add(sound(turn, n * 0.1), now)
    return backlog


def nearly(seconds: float) -> object:
    return pytest.approx(seconds, abs=1e-9)


def test_pieces_follow_each_other_without_a_gap() -> None:
    turn = Turn()
    backlog = DeviceBuffer()
    assert not backlog
    first = backlog.add(sound(turn, 0.0), 100.0)
    second = backlog.add(sound(turn, 0.1), 100.05)
    late = backlog.add(sound(turn, 0.2), 101.0)
    assert [p.begins for p in (first, second, late)] == [100.0, nearly(100.1), 101.0]
    assert backlog.free_at == nearly(101.1)
    assert backlog


def test_what_was_played_is_let_go_of_in_order() -> None:
    turn = Turn()
    backlog = filled(turn, 3)
    assert backlog.played_at() == nearly(100.1)
    assert backlog.all_played_at() == nearly(100.3)
    popped = [(p.frame.start, s) for p, s in backlog.pop_played(100.2 + 1e-9)]
    assert popped == [(0.0, nearly(0.1)), (0.1, nearly(0.1))]
    assert backlog.holds(turn)
    list(backlog.pop_played(101.0))
    assert not backlog.holds(turn)
    assert backlog.played_at() == backlog.all_played_at() == math.inf


def test_what_a_clear_takes_back_says_how_far_it_had_come() -> None:
    turn = Turn()
    backlog = filled(turn, 3)
    taken = [(p.frame.start, s) for p, s in backlog.take_back(100.15)]
    assert taken == [(0.0, nearly(0.1)), (0.1, nearly(0.05)), (0.2, 0.0)]
    assert not backlog
    assert backlog.free_at == -math.inf


def test_of_a_cut_turn_as_much_was_heard_as_its_ledger_says() -> None:
    turn = Turn()
    backlog = filled(turn, 2)
    turn.note_played(0.12, "estimated")
    turn.cut()
    taken = [seconds for _, seconds in backlog.take_back(105.0)]
    assert taken == [nearly(0.1), nearly(0.02)]


def test_the_position_is_the_clock_within_what_was_written() -> None:
    turn, other = Turn(), Turn()
    backlog = filled(turn, 2)
    assert backlog.position(turn, 99.0) == 0.0
    assert backlog.position(turn, 100.15) == nearly(0.15)
    assert backlog.position(turn, 200.0) == nearly(0.2)
    assert backlog.end_of(turn) == nearly(0.2)
    assert backlog.position(other, 200.0) == backlog.end_of(other) == 0.0


def test_a_confirmation_shifts_the_clock() -> None:
    turn = Turn()
    backlog = filled(turn, 10)
    assert backlog.confirm(turn, 0.2, 100.35)
    assert backlog.lag(turn) == nearly(0.15)
    assert backlog.position(turn, 100.45) == nearly(0.3)
    assert backlog.played_at() == nearly(100.25)
    assert backlog.is_confirmed(turn)


def test_a_confirmation_of_what_was_already_let_go_of_still_counts() -> None:
    turn = Turn()
    backlog = filled(turn, 10)
    list(backlog.pop_played(100.5 + 1e-9))
    assert backlog.confirm(turn, 0.3, 100.5)
    assert backlog.lag(turn) == nearly(0.2)


def test_a_late_device_stays_late_and_an_early_one_does_not_stay_early() -> None:
    first, second = Turn(), Turn()
    backlog = filled(first, 10)
    backlog.confirm(first, 0.2, 100.3)
    assert backlog.lag(second) == backlog.lag(None) == nearly(0.1)
    backlog.confirm(first, 0.5, 100.4)
    assert backlog.lag(first) == nearly(-0.1)
    assert backlog.lag(second) == 0.0


@pytest.mark.parametrize("position", [math.nan, -0.1, -math.inf])
def test_positions_that_cannot_be_are_ignored(position: float) -> None:
    turn = Turn()
    backlog = filled(turn, 3)
    assert not backlog.confirm(turn, position, 100.1)
    assert backlog.lag(turn) == 0.0


def test_confirmations_of_what_is_not_on_the_device_are_ignored() -> None:
    turn = Turn()
    backlog = filled(turn, 3)
    assert not backlog.confirm(Turn(), 0.1, 100.1)
    backlog.take_back(100.1)
    assert not backlog.confirm(turn, 0.3, 100.2)


def test_a_confirmation_that_was_overtaken_is_ignored() -> None:
    turn = Turn()
    backlog = filled(turn, 10)
    assert backlog.confirm(turn, 0.5, 100.6)
    assert not backlog.confirm(turn, 0.4, 100.61)
    assert backlog.lag(turn) == nearly(0.1)


@given(position=st.floats(0, allow_nan=False), now=st.floats(100.0, 1e6))
def test_whatever_is_claimed_the_clock_moves_by_no_more_than_the_limit(
    position: float, now: float
) -> None:
    turn = Turn()
    backlog = filled(turn, 3)
    backlog.confirm(turn, position, now)
    assert abs(backlog.lag(turn)) <= LAG_LIMIT
    assert 0.0 <= backlog.position(turn, now) <= 0.3 + 1e-9


# --- a device that says what it has taken, and plays from a buffer of its own


class Card:
    """A sound card: what it has taken of a turn, it plays."""

    def __init__(self, taken: float) -> None:
        self.taken = taken

    def __call__(self, _: Turn) -> float:
        return self.taken


def test_nothing_was_played_that_the_device_has_not_taken() -> None:
    turn, card = Turn(), Card(0.1)
    backlog = DeviceBuffer(card)
    for n in range(3):
        backlog.add(sound(turn, n * 0.1), 100.0)
    assert backlog.position(turn, 100.05) == nearly(0.05)
    assert backlog.position(turn, 100.25) == nearly(0.1)  # it hangs
    assert [p.frame.start for p, _ in backlog.pop_played(109.0)] == [0.0]
    assert backlog.played_at() == backlog.all_played_at() == math.inf
    card.taken = 0.3
    assert backlog.all_played_at() == nearly(100.3)


def test_what_it_has_taken_no_clear_takes_back() -> None:
    turn = Turn()
    backlog = DeviceBuffer(Card(0.17))
    for n in range(3):
        backlog.add(sound(turn, n * 0.1), 100.0)
    gone = [seconds for _, seconds in backlog.take_back(100.05)]
    assert gone == [nearly(0.1), nearly(0.07), 0.0]


def test_a_turn_stays_measured_while_the_next_one_is_confirmed() -> None:
    turns = [Turn(), Turn(), Turn()]
    backlog = DeviceBuffer()
    for turn in turns:
        backlog.add(sound(turn, 0.0), 100.0)
        assert backlog.confirm(turn, 0.0, 100.1)
    assert [backlog.is_confirmed(turn) for turn in turns] == [False, True, True]

"""Audio time and clock time."""

from __future__ import annotations

import pytest

from voxpipe.pipeline import Timings
from voxpipe.processors.realtime.protocol.caller_clock import CallerClock


def test_a_place_in_the_audio_is_a_moment_on_the_clock() -> None:
    clock = CallerClock()
    for n in range(100):
        clock.appended(0.02, now=10 + n * 0.02)
    clock.stopped_in_audio(1.5, now=12.3)
    clock.committed(12.3)
    timings = Timings()
    clock.note_on(timings)
    # 0.5 s of audio came after it; the last of it at 11.98.
    assert timings.user_stopped == pytest.approx(11.48)
    assert timings.committed == 12.3


def test_a_place_that_was_not_sent_yet_is_now_at_the_latest() -> None:
    clock = CallerClock()
    clock.appended(1.0, now=5.0)
    clock.stopped_in_audio(99.0, now=4.0)
    clock.committed(5.0)
    timings = Timings()
    clock.note_on(timings)
    assert timings.user_stopped == 4.0


def test_a_turn_is_answered_once_and_a_new_one_forgets_the_old() -> None:
    clock, first, second = CallerClock(), Timings(), Timings()
    clock.stopped(1.0)
    clock.committed(2.0)
    clock.committed(3.0)  # the service's acknowledgement of our own
    clock.note_on(first)
    clock.note_on(second)
    assert (first.user_stopped, first.committed) == (1.0, 2.0)
    assert (second.user_stopped, second.committed) == (None, None)
    clock.stopped(4.0)
    clock.committed(5.0)
    clock.started()
    clock.note_on(second)
    assert second.committed is None

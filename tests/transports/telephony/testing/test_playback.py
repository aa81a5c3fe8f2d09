from __future__ import annotations

from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxpipe.transports.telephony.testing.playback import (
    MAX_BUFFERED,
    MAX_HEARD,
    MAX_MARKS,
    Playback,
)

RATE = 8_000


def test_audio_is_played_after_what_waits_and_a_gap_is_not_made_up_for() -> None:
    playback = Playback()
    playback.add(b"a" * 800, now=1.0)
    playback.add(b"b" * 800, now=1.01)
    assert playback.dry_at == pytest.approx(1.2)
    playback.add(b"c" * 800, now=5.0)
    assert playback.began_at == 5.0
    assert playback.dry_at == pytest.approx(5.1)


def test_a_mark_is_due_when_what_came_before_it_was_played() -> None:
    playback = Playback()
    playback.add(b"a" * 800, now=1.0)
    playback.mark("half", now=1.0)
    playback.add(b"b" * 800, now=1.0)
    playback.mark("end", now=1.0)
    assert playback.marks_due(1.09) == []
    assert playback.marks_due(1.1) == [("half", 1.0)]
    assert playback.marks_due(1.2) == [("end", 1.0)]


def test_a_mark_behind_nothing_is_due_at_once() -> None:
    playback = Playback()
    playback.mark("empty", now=3.0)
    assert playback.marks_due(3.0) == [("empty", 3.0)]


def test_what_is_cleared_is_never_heard_and_its_marks_are_due_in_order() -> None:
    playback = Playback()
    playback.add(b"a" * 800, now=0.0)
    playback.mark("one", now=0.0)
    playback.add(b"b" * 800, now=0.0)
    playback.mark("two", now=0.0)
    playback.clear(now=0.05)
    assert playback.cut == b"a" * 400
    assert [name for name, _ in playback.marks_due(0.05)] == ["one", "two"]
    playback.add(b"c" * 80, now=0.06)
    assert playback.take(now=9.0) == b"c" * 80


def test_the_end_of_the_connection_tells_how_much_was_never_heard() -> None:
    playback = Playback()
    playback.add(b"a" * 800, now=0.0)
    assert playback.end(now=0.03) == pytest.approx(0.07)
    assert playback.take(now=1.0) == b"a" * 240
    assert playback.end(now=1.0) == 0.0


def test_a_page_is_turned_only_in_silence() -> None:
    playback = Playback()
    playback.add(b"a" * 800, now=0.0)
    playback.turn_page(now=0.05)
    assert playback.sounds(now=0.05)
    playback.turn_page(now=0.1)
    assert not playback.sounds(now=0.1)


def test_more_than_ten_minutes_of_audio_are_not_taken() -> None:
    playback = Playback(keep=False)
    minute = bytes(60 * RATE)
    taken = [playback.add(minute, now=0.0) for _ in range(12)]
    assert taken == [True] * 10 + [False] * 2
    assert playback.waiting(0.0) == MAX_BUFFERED


def test_marks_are_bounded_as_well() -> None:
    playback = Playback()
    playback.add(b"a" * 800, now=0.0)
    taken = [playback.mark("m", now=0.0) for _ in range(MAX_MARKS + 1)]
    assert taken == [True] * MAX_MARKS + [False]


def test_of_what_nobody_listens_to_the_oldest_is_forgotten() -> None:
    playback = Playback()
    for _ in range(2):
        playback.add(b"a" * RATE, now=0.0)
        playback.add(b"b" * round(MAX_HEARD * RATE), now=0.0)
    assert playback.take(now=1_000.0) == b"b" * round(MAX_HEARD * RATE)
    assert playback.missed == round((MAX_HEARD + 2) * RATE)


def test_without_the_audio_itself_the_times_are_the_same() -> None:
    playback = Playback(keep=False)
    playback.add(b"a" * 800, now=0.0)
    playback.mark("end", now=0.0)
    assert playback.marks_due(0.1) == [("end", 0.0)]
    assert playback.take(now=1.0) == b""


class SampleBySample:
    """What a buffer is, said in the slowest way."""

    def __init__(self) -> None:
        self.queue: deque[int | str] = deque()
        self.heard = bytearray()
        self.cut = b""
        self.due: list[str] = []

    def pass_samples(self, count: int) -> None:
        for _ in range(count):
            self._tell()
            if self.queue:
                sample = self.queue.popleft()
                assert isinstance(sample, int)
                self.heard.append(sample)
        self._tell()

    def _tell(self) -> None:
        while self.queue and isinstance(self.queue[0], str):
            self.due.append(str(self.queue.popleft()))

    def clear(self) -> None:
        self.due += [each for each in self.queue if isinstance(each, str)]
        self.queue.clear()
        self.cut = bytes(self.heard)
        self.heard.clear()


STEPS = st.one_of(
    st.binary(min_size=1, max_size=60),
    st.integers(0, 60),  # samples that pass
    st.sampled_from(["mark", "clear", "take"]),
)


@given(st.lists(STEPS, max_size=40))
def test_it_plays_what_a_buffer_plays_sample_by_sample(
    steps: list[bytes | int | str],
) -> None:
    playback, model, passed, due = Playback(), SampleBySample(), 0, list[str]()
    for number, step in enumerate(steps):
        now = passed / RATE
        if isinstance(step, bytes):
            playback.add(step, now)
            model.queue += step
        elif isinstance(step, int):
            passed += step
            model.pass_samples(step)
        elif step == "mark":
            playback.mark(str(number), now)
            model.queue.append(str(number))
            model.pass_samples(0)
        elif step == "clear":
            playback.clear(now)
            model.clear()
            assert playback.cut == model.cut
        else:
            assert playback.take(now) == bytes(model.heard)
            model.heard.clear()
        now = passed / RATE
        due += [name for name, _ in playback.marks_due(now)]
        assert due == model.due
        samples = sum(isinstance(each, int) for each in model.queue)
        assert playback.waiting(now) == pytest.approx(samples / RATE, abs=1e-9)
    assert playback.take(passed / RATE) == bytes(model.heard)

"""The queue is bounded, counted, fair, and loses nothing when it is cancelled."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import anyio
import pytest
from anyio import create_task_group
from anyio.lowlevel import checkpoint
from hypothesis import given, settings
from hypothesis import strategies as st

from voxpipe.pipeline import (
    AudioFormat,
    AudioFrame,
    FeedbackOverflow,
    Frame,
    SpeechStarted,
    Turn,
)
from voxpipe.pipeline.queue import CHECKPOINT_EVERY, EMPTY, ENDED, OnFull, Queue
from voxpipe.pipeline.testing import cancelled_at

PCM = AudioFormat("pcm16", 8_000)


def sound(ms: int = 20, turn: Turn | None = None, at: float = 0.0) -> AudioFrame:
    return AudioFrame(data=PCM.silence(ms / 1000), format=PCM, start=at, turn=turn)


def mark(number: int = 0) -> SpeechStarted:
    return SpeechStarted(at=float(number))


MADE: list[Queue] = []


@pytest.fixture(autouse=True)
def _finished() -> Iterator[None]:
    """A run finishes all its queues; a test that has no run does so here."""
    yield
    while MADE:
        MADE.pop().finish()


def queue(
    capacity: int = 4,
    ms: float = 200.0,
    *,
    on_full: OnFull = "wait",
    feedback: bool = False,
    writers: int = 1,
) -> Queue:
    made = Queue("sink.input", capacity, ms, on_full=on_full, feedback=feedback)
    MADE.append(made)
    for _ in range(writers):
        made.add_writer()
    return made


async def put(full: Queue, frame: Frame) -> None:
    """Queue a frame as an output does."""
    if not full.put_nowait(frame):
        await full.put_later(frame)


async def settle() -> None:
    """Let every task go as far as it can."""
    for _ in range(8):
        await checkpoint()


def all_of(full: Queue) -> list[Frame]:
    taken: list[Frame] = []
    while (frame := full.take_nowait()) not in (EMPTY, ENDED):
        taken.append(frame)
    return taken


async def write(full: Queue, sent: list[Any], done: list[Frame] | None = None) -> None:
    try:
        for frame in sent:
            await put(full, frame)
            if done is not None:
                done.append(frame)
    finally:
        full.remove_writer()


async def read(full: Queue, taken: list[Frame]) -> None:
    while (frame := await full.take()) is not ENDED:
        taken.append(frame)


# --- bounds


def test_a_queue_takes_as_many_frames_as_it_has_room_for() -> None:
    full = queue(capacity=3)
    assert [full.put_nowait(mark()) for _ in range(4)] == [True, True, True, False]
    assert (full.depth, full.high_water) == (3, 3)


def test_a_queue_takes_as_many_milliseconds_as_it_has_room_for() -> None:
    full = queue(capacity=64, ms=100)
    assert [full.put_nowait(sound(20)) for _ in range(6)] == [True] * 5 + [False]
    assert full.seconds == pytest.approx(0.1)
    assert full.high_water_seconds == pytest.approx(0.1)


def test_a_mark_finds_room_where_audio_does_not() -> None:
    full = queue(capacity=64, ms=100)
    assert full.put_nowait(sound(100))
    assert full.put_nowait(mark())
    assert not full.put_nowait(sound(20))


@pytest.mark.parametrize("marks", [0, 1, 3])
def test_one_long_frame_always_fits_and_a_second_never(marks: int) -> None:
    full = queue(ms=200)
    for number in range(marks):
        assert full.put_nowait(mark(number))
    assert full.put_nowait(sound(250))  # what gpt-realtime sends at a time
    assert full.seconds == pytest.approx(0.25)
    assert not full.put_nowait(sound(250))


async def test_long_frames_go_through_one_by_one() -> None:
    full, taken = queue(ms=200), list[Frame]()
    sent = [sound(250, at=number / 4) for number in range(20)]

    async with create_task_group() as tasks:
        tasks.start_soon(write, full, sent)
        await read(full, taken)
    assert taken == sent
    assert full.high_water == 1


def test_what_was_taken_gives_its_room_back_to_the_last_sample() -> None:
    full = queue(capacity=64, ms=100)
    for _ in range(1_000):
        while full.put_nowait(sound(7)):
            pass
        assert len(all_of(full)) == 14
    assert (full.depth, full.seconds) == (0, 0.0)


# --- what happens when it is full


def test_the_oldest_audio_makes_room_for_newer_audio() -> None:
    full = queue(capacity=3, on_full="drop_oldest")
    sent = [sound(at=number) for number in range(5)]
    assert all(full.put_nowait(frame) for frame in sent)
    assert full.dropped == 2
    assert all_of(full) == sent[2:]


def test_a_long_frame_makes_room_for_itself_in_milliseconds() -> None:
    full = queue(capacity=64, ms=100, on_full="drop_oldest")
    for number in range(5):
        full.put_nowait(sound(20, at=number))
    assert full.put_nowait(sound(60, at=5))
    assert full.dropped == 3
    assert full.seconds == pytest.approx(0.1)


def test_marks_are_never_dropped_and_keep_their_place() -> None:
    full = queue(capacity=4, on_full="drop_oldest")
    sent = [mark(0), sound(at=1), mark(2), sound(at=3), sound(at=4), mark(5)]
    assert all(full.put_nowait(frame) for frame in sent)
    assert all_of(full) == [mark(0), mark(2), sound(at=4), mark(5)]
    assert full.dropped == 2


async def test_audio_that_meets_only_marks_is_itself_what_is_dropped() -> None:
    full = queue(capacity=2, on_full="drop_oldest")
    full.put_nowait(mark(0))
    full.put_nowait(mark(1))
    await put(full, sound())
    assert full.dropped == 1
    assert all_of(full) == [mark(0), mark(1)]


async def test_a_mark_that_meets_only_marks_waits_for_room() -> None:
    full = queue(capacity=1, on_full="drop_oldest")
    full.put_nowait(mark(0))
    async with create_task_group() as tasks:
        tasks.start_soon(put, full, mark(1))
        await settle()
        assert full.depth == 1
        assert await full.take() == mark(0)
        assert await full.take() == mark(1)
    assert full.dropped == 0


async def test_more_than_can_be_outstanding_is_an_error_of_the_wiring() -> None:
    full = queue(capacity=2, feedback=True)
    await put(full, mark(0))
    await put(full, mark(1))
    with pytest.raises(FeedbackOverflow, match=r"sink\.input holds 2 frames"):
        await put(full, mark(2))
    assert all_of(full) == [mark(0), mark(1)]


# --- several writers


async def test_waiting_writers_are_served_in_the_order_in_which_they_came() -> None:
    full = queue(capacity=1, writers=4)
    full.put_nowait(mark(0))
    async with create_task_group() as tasks:
        for number in (1, 2, 3):
            tasks.start_soon(put, full, mark(number))
            await settle()
        for number in range(4):
            assert await full.take() == mark(number)
            await settle()


async def test_nobody_overtakes_a_waiting_writer() -> None:
    full = queue(capacity=2, ms=100)
    full.put_nowait(sound(100, at=0))
    async with create_task_group() as tasks:
        tasks.start_soon(put, full, sound(100, at=1))
        await settle()
        assert not full.put_nowait(mark(9))  # there is room for it, but not its turn
        assert full.take_nowait() == sound(100, at=0)
        assert not full.put_nowait(mark(9))
        await settle()
        assert full.put_nowait(mark(9))
    assert all_of(full) == [sound(100, at=1), mark(9)]


async def test_room_for_two_serves_two_at_once() -> None:
    full = queue(capacity=4, ms=100, writers=3)
    full.put_nowait(sound(100))
    async with create_task_group() as tasks:
        for number in (1, 2):
            tasks.start_soon(put, full, sound(50, at=number))
            await settle()
        full.take_nowait()
    assert all_of(full) == [sound(50, at=1), sound(50, at=2)]


# --- the end of a turn


async def test_a_cut_wakes_the_writer_and_its_frame_is_stale() -> None:
    full, turn, done = queue(capacity=1), Turn(), list[str]()
    full.put_nowait(mark())

    async def write() -> None:
        await put(full, sound(turn=turn))
        done.append("went on")

    async with create_task_group() as tasks:
        tasks.start_soon(write)
        await settle()
        assert not done
        turn.cut()
        await settle()
        assert done  # though nobody has read
    assert (full.depth, full.stale) == (1, 1)


async def test_who_stands_behind_a_cut_turn_moves_up() -> None:
    full, turn = queue(capacity=4, ms=100, writers=2), Turn()
    full.put_nowait(sound(100))
    async with create_task_group() as tasks:
        tasks.start_soon(put, full, sound(100, turn=turn))
        await settle()
        tasks.start_soon(put, full, mark(7))
        await settle()
        assert full.depth == 1
        turn.cut()
    assert all_of(full) == [sound(100), mark(7)]


async def test_a_turn_that_is_held_does_not_jump_the_line() -> None:
    full, turn = queue(capacity=1, writers=3), Turn()
    full.put_nowait(mark(0))
    async with create_task_group() as tasks:
        tasks.start_soon(put, full, mark(1))
        await settle()
        tasks.start_soon(put, full, sound(at=2, turn=turn))
        await settle()
        assert full.take_nowait() == mark(0)
        turn.hold()
        await settle()
        assert full.take_nowait() == mark(1)
        await settle()
        assert full.take_nowait() == sound(at=2, turn=turn)


class Watched(Turn):
    """Knows how many wait on its behalf."""

    waiting = 0

    def watch(self, wake: Callable[[], object]) -> object:
        self.waiting += 1
        return super().watch(wake)

    def unwatch(self, key: object) -> None:
        self.waiting -= 1
        super().unwatch(key)


@pytest.mark.parametrize("end", ["served", "cut", "finished", "cancelled"])
async def test_a_writer_leaves_no_watch_on_its_turn(end: str) -> None:
    full, turn = queue(capacity=1), Watched()
    full.put_nowait(mark())
    async with create_task_group() as tasks:
        tasks.start_soon(put, full, sound(turn=turn))
        await settle()
        assert turn.waiting == 1
        match end:
            case "served":
                full.take_nowait()
            case "cut":
                turn.cut()
            case "finished":
                full.finish()
            case _:
                tasks.cancel_scope.cancel()
    assert turn.waiting == 0


def test_frames_of_a_cut_turn_are_skipped_and_counted() -> None:
    full, turn = queue(), Turn()
    for frame in (sound(turn=turn), mark(1), sound(turn=turn)):
        full.put_nowait(frame)
    turn.cut()
    assert all_of(full) == [mark(1)]
    assert (full.stale, full.delivered, full.seconds) == (2, 1, 0.0)


async def test_frames_of_a_cut_turn_make_room_when_they_are_skipped() -> None:
    full, turn = queue(capacity=1), Turn()
    full.put_nowait(sound(turn=turn))
    turn.cut()
    async with create_task_group() as tasks:
        tasks.start_soon(put, full, mark(1))
        assert await full.take() == mark(1)


# --- the ends of the stream


async def test_a_reader_that_finishes_lets_its_writers_go() -> None:
    full = queue(capacity=1, writers=3)
    full.put_nowait(mark(0))
    async with create_task_group() as tasks:
        tasks.start_soon(put, full, mark(1))
        tasks.start_soon(put, full, mark(2))
        await settle()
        full.finish()
    assert (full.depth, full.discarded) == (0, 3)
    assert full.take_nowait() is ENDED


@pytest.mark.parametrize("on_full", ["wait", "drop_oldest"])
async def test_what_comes_after_the_end_is_counted_and_never_waits(
    on_full: OnFull,
) -> None:
    full, turn = queue(capacity=1, on_full=on_full), Turn()
    full.finish()
    full.finish()
    for frame in (mark(), sound(), sound(turn=turn)):
        await put(full, frame)
    assert (full.depth, full.discarded, full.dropped) == (0, 3, 0)


async def test_a_feedback_input_whose_reader_has_finished_takes_no_offence() -> None:
    full = queue(capacity=1, feedback=True)
    full.finish()
    for number in range(5):
        await put(full, mark(number))
    assert full.discarded == 5


async def test_a_stream_ends_with_its_last_writer_and_not_before() -> None:
    full, taken = queue(writers=2), list[object]()

    async def read() -> None:
        while (frame := await full.take()) is not ENDED:
            taken.append(frame)
        taken.append("end")

    async with create_task_group() as tasks:
        tasks.start_soon(read)
        full.put_nowait(mark(1))
        full.remove_writer()
        await settle()
        assert taken == [mark(1)]
        full.put_nowait(mark(2))
        full.remove_writer()
        await settle()
    assert taken == [mark(1), mark(2), "end"]


async def test_a_queue_that_nobody_writes_to_is_at_its_end() -> None:
    assert await queue(writers=0).take() is ENDED


# --- living with others


async def test_a_reader_that_never_has_to_wait_lets_others_run() -> None:
    many = CHECKPOINT_EVERY * 3
    full, steps = queue(capacity=many), list[int]()
    for number in range(many):
        full.put_nowait(mark(number))

    async def watch() -> None:
        while full.depth:
            steps.append(full.depth)
            await checkpoint()

    async with create_task_group() as tasks:
        tasks.start_soon(watch)
        for _ in range(many):
            await full.take()
    assert len(steps) >= 2


async def test_a_write_can_be_cancelled_at_every_step() -> None:
    mine = [mark(number) for number in range(8)]
    theirs = [mark(100 + number) for number in range(8)]
    step, cancelled = 0, True
    while cancelled:
        full, taken, done = queue(capacity=2, writers=2), list[Frame](), list[Frame]()
        async with create_task_group() as tasks:
            tasks.start_soon(write, full, theirs)
            tasks.start_soon(read, full, taken)
            cancelled = await cancelled_at(step, partial(write, full, mine, done))
        assert [frame for frame in taken if frame in mine] == done
        assert [frame for frame in taken if frame in theirs] == theirs
        step += 1
    assert step > 4


async def test_a_read_can_be_cancelled_at_every_step() -> None:
    sent = [mark(number) for number in range(40)]
    step, cancelled = 0, True
    while cancelled:
        full, taken = queue(capacity=2), list[Frame]()
        async with create_task_group() as tasks:
            tasks.start_soon(write, full, sent)
            cancelled = await cancelled_at(step, partial(read, full, taken))
            await read(full, taken)
        assert taken == sent
        assert full.delivered == len(sent)
        step += 1
    assert step > 20


# --- any order of events

WRITERS = 3
EVENT = st.sampled_from([*range(12)] * 4 + [12])  # an early end would end the play


class Play:
    """Writers, a reader and turns, moved by a list of events."""

    def __init__(self, on_full: OnFull) -> None:
        self.queue = queue(capacity=3, ms=100, on_full=on_full, writers=WRITERS)
        self.turns = [Turn(str(number)) for number in range(2)]
        self.lines: list[list[Frame]] = [[] for _ in range(WRITERS)]
        self.busy = [False] * WRITERS
        self.settled = 0
        self.taken: list[tuple[int, int]] = []
        self.made = 0

    def frame(self, writer: int, kind: int) -> Frame:
        self.made += 1
        number = self.made * WRITERS + writer
        turn = self.turns[kind % 2] if kind < 4 else None
        return mark(number) if kind > 5 else sound(15 + 40 * (kind % 3), turn, number)

    async def write(self, writer: int) -> None:
        self.busy[writer] = True
        while self.lines[writer]:
            await put(self.queue, self.lines[writer].pop(0))
            self.settled += 1
        self.busy[writer] = False

    def take(self) -> float:
        frame = self.queue.take_nowait()
        if frame is EMPTY or frame is ENDED:
            return 0.0
        assert frame.turn is None or not frame.turn.is_cut
        number = int(frame.start if isinstance(frame, AudioFrame) else frame.at)
        self.taken.append((number % WRITERS, number))
        return float(frame.duration)

    def drain(self) -> None:
        full, stale, seconds = self.queue, self.queue.stale, self.queue.seconds
        played = sum(self.take() for _ in range(full.depth))
        if full.stale == stale:
            assert played == pytest.approx(seconds)
        assert (full.depth, full.seconds) == (0, 0.0)

    def check(self) -> None:
        full = self.queue
        gone = full.delivered + full.stale + full.dropped + full.discarded
        assert gone + full.depth == self.settled
        assert full.depth <= full.high_water <= 3
        assert 0.0 <= full.seconds <= full.high_water_seconds < 0.1 + 1e-6
        assert full.delivered == len(self.taken)
        for writer in range(WRITERS):
            mine = [number for who, number in self.taken if who == writer]
            assert mine == sorted(set(mine))

    async def run(self, events: list[tuple[int, int]]) -> None:
        async with create_task_group() as tasks:
            for kind, choice in events:
                if kind < 6:
                    writer = kind % WRITERS
                    self.lines[writer].append(self.frame(writer, choice))
                    if not self.busy[writer]:
                        tasks.start_soon(self.write, writer)
                elif kind < 9:
                    self.take()
                elif kind == 9:
                    self.drain()
                elif kind == 10:
                    self.turns[choice % 2].cut()
                elif kind == 11:
                    self.turns[choice % 2] = Turn(str(choice))
                else:
                    self.queue.finish()
                await settle()
                self.check()
            while any(self.busy):
                self.drain()
                await settle()
                self.check()
        assert self.settled == self.made


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("on_full", ["wait", "drop_oldest"])
@given(st.lists(st.tuples(EVENT, st.integers(0, 7)), max_size=30))
@settings(max_examples=60)
def test_whatever_happens_every_frame_is_counted_once_and_keeps_its_place(
    on_full: OnFull, backend: str, events: list[tuple[int, int]]
) -> None:
    anyio.run(Play(on_full).run, events, backend=backend)

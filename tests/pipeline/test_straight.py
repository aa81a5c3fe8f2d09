"""Boxes in a row run in a loop; it must not be told from running them one by one."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Any, Literal

from hypothesis import given
from hypothesis import strategies as st

from voxpipe.pipeline import (
    AudioFormat,
    AudioFrame,
    Filter,
    Pipeline,
    ReplyEnd,
    Text,
    Turn,
)
from voxpipe.pipeline.testing import Probe, Source, run_virtual

PCM = AudioFormat("pcm16", 8_000)
Habit = Literal["pass", "remake", "drop", "double", "hold", "untie"]
HABITS: tuple[Habit, ...] = ("pass", "remake", "drop", "double", "hold", "untie")


class Box(Filter[AudioFrame]):
    """Does one of the things that filters do, and marks what it has seen."""

    def __init__(self, habit: Habit, mark: int) -> None:
        self.habit = habit
        self.mark = bytes([mark, 0])
        self.held: list[AudioFrame] = []
        self.resets = 0

    def reset(self) -> None:
        self.held = []
        self.resets += 1

    def feed(self, frame: AudioFrame) -> Iterable[AudioFrame]:
        marked = frame.with_data(frame.data + self.mark)
        match self.habit:
            case "pass":
                return (frame,)
            case "remake":
                return (marked,)
            case "drop":
                return () if len(frame.data) % 4 else (marked,)
            case "double":
                return (frame, marked)
            case "untie":
                return (AudioFrame(data=marked.data, format=PCM),)
            case _:
                self.held.append(marked)
                return (self.held.pop(0),) if len(self.held) > 1 else ()

    def flush(self) -> Iterable[AudioFrame]:
        return tuple(self.held)


class OneByOne(Box):
    """The same, as a generator: never run in a loop."""

    def feed(self, frame: AudioFrame) -> Iterable[AudioFrame]:
        yield from super().feed(frame)


def frames(plan: list[int]) -> list[Any]:
    turns = [Turn(str(number)) for number in range(3)]
    made: list[Any] = []
    for number, kind in enumerate(plan):
        data = bytes([100 + number % 100, 0]) * (1 + number % 2)
        if kind < 3:
            made.append(AudioFrame(data=data, format=PCM, turn=turns[kind]))
        elif kind == 3:
            made.append(AudioFrame(data=data, format=PCM))
        elif kind == 4:
            made.append(Text(text=str(number)))
        else:
            made.append(ReplyEnd(turn=turns[kind - 5]))
    return made


def outcome(boxes: list[Box], sent: list[Any]) -> tuple[Any, ...]:
    source, probe = Source(sent), Probe()
    route: Any = source.output
    for box in boxes:
        route = route >> box
    pipeline = Pipeline(route >> probe.input)
    run_virtual(pipeline.run)
    stats = pipeline.stats().boxes.values()
    return (
        [
            (type(f), getattr(f, "data", None), f.turn and f.turn.id)
            for f in probe.frames
        ],
        [(each.taken, each.made) for each in stats],
        [box.resets for box in boxes],
    )


@given(
    habits=st.lists(st.sampled_from(HABITS), min_size=1, max_size=5),
    plan=st.lists(st.integers(0, 7), max_size=24),
)
def test_a_row_of_boxes_does_what_the_boxes_do_one_by_one(
    habits: list[Habit], plan: list[int]
) -> None:
    rows = [
        [kind(habit, mark) for mark, habit in enumerate(habits)]
        for kind in (Box, OneByOne)
    ]
    results = [outcome(row, frames(plan)) for row in rows]
    for one, other in pairwise(results):
        assert one == other

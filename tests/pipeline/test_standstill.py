"""Boxes that wait for each other are told of; a graph that is slow or idle is not."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from anyio import create_task_group, move_on_after, sleep, sleep_forever

from voxpipe.pipeline import (
    AudioFrame,
    Filter,
    Frame,
    Input,
    Output,
    Pipeline,
    Playout,
    PlayoutInput,
    Processor,
    ReplyEnd,
    SpeechStarted,
    Turn,
    standstill,
)
from voxpipe.pipeline.testing import Probe, Source

from ..processors.realtime.loops import BACKENDS, Backend, run_virtually
from .boxes import PCM_8K, HoldsOne, Writer

MANY = [SpeechStarted(at=float(number)) for number in range(200)]
LONG = 2.0  # seconds: it is to be told within


class Join(Processor):
    """Reads one input to its end, then the other."""

    first = Input[Any]()
    then = Input[Any]()
    output = Output[Any]()

    async def run(self) -> None:
        async for frame in self.first:
            await self.output.send(frame)
        async for frame in self.then:
            await self.output.send(frame)


class Pass(Processor):
    input = Input[Any]()
    output = Output[Any]()

    async def run(self) -> None:
        async for frame in self.input:
            await self.output.send(frame)


class Tee(Processor):
    """Sends each frame by both outputs, from a task for each frame's way."""

    input = Input[Any]()
    left = Output[Any]()
    right = Output[Any]()

    async def run(self) -> None:
        async for frame in self.input:
            await self.right.send(frame)
            await self.left.send(frame)


@pytest.fixture
def told(caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    return lambda: [
        record.getMessage()
        for record in caplog.records
        if record.name == standstill.__name__
    ]


def diamond(*, boxes: bool = False, group: bool = False) -> list[Any]:
    source, join = Source(MANY), Join()
    if group:
        join = type("Join", (InGroup,), {})()
    one: Any = source.output.drawn()
    other: Any = source.output.drawn()
    if boxes:
        one, other = one >> HoldsOne(), other >> Pass()
    return [one >> join.then, other >> join.first, join.output >> Probe().input]


class InGroup(Join):
    """The same, by a task of its own."""

    async def run(self) -> None:
        async with create_task_group() as tasks:
            tasks.start_soon(super().run)


def four() -> list[Any]:
    source, tee, join = Source(MANY), Tee(), Join()
    return [
        source.output >> tee.input,
        tee.left >> Pass() >> join.first,
        tee.right >> Pass() >> Pass() >> join.then,
        join.output >> Probe().input,
    ]


DRAWINGS: dict[str, tuple[Callable[[], list[Any]], str]] = {
    "a diamond": (
        diamond,
        "source.output waits for room in join.then; join waits for a frame at "
        "join.first, which source.output feeds. ",
    ),
    "with boxes": (
        lambda: diamond(boxes=True),
        "source.output waits for room in join.then; join waits for a frame at "
        "join.first, which pass.output feeds; pass waits for a frame at pass.input, "
        "which source.output feeds. ",
    ),
    "in a group": (
        lambda: diamond(group=True),
        "source.output waits for room in join.then; join waits for a frame at "
        "join.first, which source.output feeds. ",
    ),
    "two ways": (
        four,
        "pass3.output waits for room in join.then; join waits for a frame at "
        "join.first, which pass.output feeds; pass waits for a frame at pass.input, "
        "which tee.left feeds; tee.right waits for room in pass2.input; pass2.output "
        "waits for room in pass3.input. ",
    ),
}


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", DRAWINGS)
def test_boxes_that_wait_for_each_other_are_told_of_once_and_soon(
    name: str, backend: Backend, told: Callable[[], list[str]]
) -> None:
    draw, words = DRAWINGS[name]
    pipeline = Pipeline(*draw())

    async def run() -> None:
        assert await pipeline.run(deadline=LONG) == "deadline"
        assert len(told()) == 1
        assert await pipeline.run(deadline=100) == "deadline"

    run_virtually(backend, run)
    first, second = told()
    assert first == second
    assert first.startswith(f"the pipeline stands still: {words}")
    assert "a task for each" in first
    assert "or give join.then room for all that can come meanwhile" in first


# --- what goes on by itself


class Slow(Processor):
    """Takes its time for each frame."""

    input = Input[Any]()

    async def run(self) -> None:
        async for _ in self.input:
            await sleep(5)


class Late(Join):
    """Begins to read the other input after a while."""

    async def run(self) -> None:
        async with create_task_group() as tasks:
            tasks.start_soon(self._read_later)
            async for _ in self.first:
                pass

    async def _read_later(self) -> None:
        await sleep(20)
        async for _ in self.then:
            pass


class Impatient(Join):
    """Waits for the one only so long."""

    async def run(self) -> None:
        while True:
            with move_on_after(0.8):  # longer than it takes to look once
                await self.first.receive()
            if self.then.receive_nowait() is self.last:
                return

    last = MANY[-1]


class Swallow(Filter[Any]):
    def feed(self, frame: Any) -> tuple[()]:
        return ()


class Phone(Processor):
    speaks = PlayoutInput[AudioFrame | ReplyEnd]()

    async def run(self) -> None:
        await Playout(self.speaks, self._write).run()

    async def _write(self, _: AudioFrame) -> None:
        pass


def spoken() -> list[Frame]:
    turn = Turn()
    frames = list[Frame]()
    for _ in range(300):
        start = turn.grow(0.02)
        data = bytes(320)
        frames.append(AudioFrame(data=data, format=PCM_8K, start=start, turn=turn))
    return [*frames, ReplyEnd(turn=turn)]


async def idle(_: Writer) -> None:
    await sleep_forever()


async def late(writer: Writer) -> None:
    await sleep(20)
    await writer.output.send(MANY[0])


def drawn_live() -> dict[str, Pipeline]:
    source, other = Source(MANY), Source(MANY)
    slow, impatient, patient = Late(), Impatient(), Join()
    loop = Pass()
    loop.input.feedback = True
    loop.input.optional = True
    ever = Writer(idle)
    return {
        "a slow reader": Pipeline(Source(MANY).output >> Slow().input),
        "a playout": Pipeline(Source(spoken()).output >> Phone().speaks),
        "a late reader": Pipeline(
            source.output >> slow.then, source.output >> slow.first
        ),
        "a reader whose other writer is late": Pipeline(
            Source(MANY).output >> patient.then,
            Writer(late).output >> patient.first,
            patient.output >> Probe().input,
        ),
        "an idle one": Pipeline(ever.output >> Pass() >> Probe().input),
        "an impatient one": Pipeline(
            other.output >> impatient.then,
            other.output >> Swallow() >> impatient.first,
            impatient.output >> Probe().input,
        ),
        "two that wait for each other's first frame": Pipeline(
            loop.output >> Pass() >> loop.input
        ),
    }


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", drawn_live())
def test_who_goes_on_by_itself_is_not_told_of(
    name: str, backend: Backend, told: Callable[[], list[str]]
) -> None:
    async def run() -> None:
        await drawn_live()[name].run(deadline=60)

    run_virtually(backend, run)
    assert told() == []


@pytest.mark.parametrize("backend", BACKENDS)
def test_of_random_diamonds_those_are_told_of_that_stand_still(
    backend: Backend, told: Callable[[], list[str]]
) -> None:
    random, standing = Random(4), 0
    for _ in range(40):
        source, join = Source(MANY), Join()
        join.then.capacity = random.choice((1, 3, 8, 64))
        route: Any = source.output.drawn()
        for _ in range(random.randint(0, 4)):
            route = route >> random.choice((Pass, HoldsOne))()
        pipeline = Pipeline(
            *random.sample([source.output >> join.first, route >> join.then], 2),
            join.output >> Probe().input,
        )

        async def run(pipeline: Pipeline = pipeline) -> bool:
            return await pipeline.run(deadline=3.0) == "deadline"

        standing += run_virtually(backend, run)
        assert len(told()) == standing
    assert 10 < standing < 40

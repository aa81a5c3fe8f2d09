"""Ports belong to instances; inputs are read one by one, and always bounded."""

from __future__ import annotations

import math
from typing import Any

import pytest
from anyio import EndOfStream, create_task_group, move_on_after
from anyio.lowlevel import checkpoint

from voxpipe.pipeline import (
    AudioFrame,
    Input,
    Output,
    Pipeline,
    PlayoutInput,
    Processor,
    SpeechStarted,
    VoxpipeError,
    WiringError,
)
from voxpipe.pipeline.testing import Source

from .boxes import Meter, Model, Phone


def mark(number: int) -> SpeechStarted:
    return SpeechStarted(at=float(number))


def test_each_processor_has_its_own_ports() -> None:
    one, other = Phone(), Phone()
    assert one.heard is not other.heard
    assert one.speaks.owner is one
    one.heard.format = None
    assert other.heard.format is not None
    assert Phone.heard.owner is None


def test_ports_are_called_as_one_would_say_it() -> None:
    phone = Phone()
    assert str(phone.heard) == "phone.heard"
    assert repr(phone.speaks) == "<PlayoutInput phone.speaks>"
    phone.name = "ada"
    assert str(phone.heard) == "ada.heard"


def test_a_subclass_has_the_ports_of_its_base_and_may_replace_one() -> None:
    class Deaf(Phone):
        speaks = PlayoutInput[Any](capacity=1)
        extra = Output[Any]()

    deaf = Deaf()
    assert deaf.speaks.capacity == 1
    assert {port.name for port in deaf.ports()} == {
        "faults",
        "heard",
        "speaks",
        "played",
        "extra",
    }


@pytest.mark.parametrize(
    "bound",
    [
        {"capacity": 0},
        {"capacity": -1},
        {"capacity": math.inf},
        {"capacity": 2.5},
        {"capacity": True},
        {"capacity_ms": 0.0},
        {"capacity_ms": math.inf},
        {"capacity_ms": math.nan},
        {"capacity_ms": 3.7e6},
    ],
)
def test_there_is_no_unbounded_input(bound: dict[str, Any]) -> None:
    with pytest.raises(WiringError, match="there is no unbounded queue"):
        Input[Any](**bound)


def test_an_input_outside_of_a_run_says_so() -> None:
    meter = Meter()
    with pytest.raises(VoxpipeError) as caught:
        meter.input.receive_nowait()
    assert str(caught.value) == "meter.input is not in a pipeline that runs"


def test_the_class_says_what_may_enter_and_an_instance_may_say_more() -> None:
    meter, model = Meter(), Model()
    assert str(meter.input.format) == "pcm16"
    assert model.hears.format is None
    assert model.results.feedback
    assert model.results.optional


class Reader(Processor):
    """Reads in every way there is."""

    input = Input[SpeechStarted]()

    def __init__(self) -> None:
        self.taken: list[object] = []

    async def run(self) -> None:
        self.taken.append(await self.input.receive())
        await self.input.wait()
        self.taken.append(self.input.receive_nowait())
        async for frame in self.input:
            self.taken.append(frame)
            if frame == mark(3):
                break
        async for frame in self.input:
            self.taken.append(frame)
        with pytest.raises(EndOfStream):
            self.input.receive_nowait()
        with pytest.raises(EndOfStream):
            await self.input.receive()


async def test_every_way_of_reading_gives_each_frame_once_and_in_order() -> None:
    reader = Reader()
    source = Source([mark(n) for n in range(6)])
    await Pipeline(source.output >> reader.input).run()
    assert reader.taken == [mark(n) for n in range(6)]


async def test_nothing_there_is_none_and_not_the_end() -> None:
    class Impatient(Processor):
        input = Input[SpeechStarted]()
        nothing: object = "not asked"

        async def run(self) -> None:
            self.nothing = self.input.receive_nowait()
            async for _ in self.input:
                pass

    class Later(Processor):
        output = Output[SpeechStarted]()

        async def run(self) -> None:
            for _ in range(5):
                await checkpoint()
            await self.output.send(mark(1))

    impatient, later = Impatient(), Later()
    await Pipeline(later.output >> impatient.input).run()
    assert impatient.nothing is None


async def test_a_cancelled_receive_loses_nothing() -> None:
    class Nervous(Processor):
        input = Input[SpeechStarted]()

        def __init__(self) -> None:
            self.taken: list[object] = []

        async def run(self) -> None:
            while True:
                with move_on_after(0):
                    try:
                        self.taken.append(await self.input.receive())
                    except EndOfStream:
                        return
                await checkpoint()

    nervous = Nervous()
    source = Source([mark(n) for n in range(100)])
    async with create_task_group() as tasks:
        tasks.start_soon(Pipeline(source.output >> nervous.input).run)
    assert nervous.taken == [mark(n) for n in range(100)]


async def test_a_reader_may_take_no_more_and_go_on() -> None:
    class Satisfied(Processor):
        input = Input[AudioFrame]()
        after: object = None

        async def run(self) -> None:
            await self.input.receive()
            self.input.finish()
            self.after = [frame async for frame in self.input]

    satisfied = Satisfied()
    source = Source([mark(n) for n in range(10)])
    pipeline = Pipeline(source.output >> satisfied.input)
    assert await pipeline.run() == "finished"
    assert satisfied.after == []
    assert pipeline.stats().inputs["satisfied.input"].delivered == 1

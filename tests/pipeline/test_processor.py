"""A processor needs no ``super().__init__()``, and rubbish is reported, not raised."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from voxpipe.pipeline import (
    Fault,
    Input,
    Output,
    Pipeline,
    Processor,
    SpeechStarted,
)
from voxpipe.pipeline.processor import MAX_TOLD
from voxpipe.pipeline.runtime.call_record import recorded
from voxpipe.pipeline.testing import Probe

from .boxes import Phone


class WavThing(Processor):
    """Has a constructor of its own, and does not think of its base's."""

    input = Input[Any]()
    output = Output[Any]()

    def __init__(self, path: str, *, gain: float = 1.0) -> None:
        self.path = path
        self.gain = gain


def test_a_constructor_need_not_know_of_its_base() -> None:
    thing = WavThing("a.wav", gain=2.0)
    assert (thing.path, thing.gain) == ("a.wav", 2.0)
    assert thing.input.owner is thing
    assert (thing.name, thing.fault_count, thing.running) == ("wav_thing", 0, False)


def test_a_processor_may_be_a_dataclass() -> None:
    @dataclass
    class Loud(Processor):
        gain: float
        output = Output[Any]()

    assert Loud(2.0).output.name == "output"


def test_ports_are_listed_in_the_order_in_which_they_were_declared() -> None:
    assert [port.name for port in Phone().ports()] == [
        "faults",
        "heard",
        "speaks",
        "played",
    ]
    assert [port.name for port in Phone().inputs()] == ["speaks"]
    assert [port.name for port in Phone().outputs()] == ["faults", "heard", "played"]


class Rubbish(Processor):
    """Gets three unusable things from outside."""

    output = Output[Any]()

    async def run(self) -> None:
        for _ in range(3):
            self.report("expected audio, got an empty message")


async def test_what_is_reported_is_counted_and_told_to_whoever_listens() -> None:
    rubbish, board = Rubbish(), Probe()
    pipeline = Pipeline(rubbish.faults >> board.input)
    await pipeline.run()
    fault = Fault(source="rubbish", message="expected audio, got an empty message")
    assert board.frames == [fault] * 3
    assert rubbish.fault_count == 3
    assert pipeline.stats().faults == {"rubbish": 3, "probe": 0}


class Chatty(Processor):
    """Reports many kinds of faults, each twice, with other numbers."""

    output = Output[Any]()

    def __init__(self, *words: str) -> None:
        self.words = words

    async def run(self) -> None:
        for number in range(2):
            for word in self.words:
                self.report(f"expected {word}, got {number} bytes")


async def test_a_kind_of_fault_that_nobody_reads_is_logged_once_and_not_without_end(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with recorded("call=5f3a09bc"):
        await Pipeline(Chatty("audio", "text").output >> Probe().input).run()
    assert [record.getMessage() for record in caplog.records] == [
        "call=5f3a09bc chatty: expected audio, got 0 bytes (told once; chatty.faults "
        "has all)",
        "call=5f3a09bc chatty: expected text, got 0 bytes (told once; chatty.faults "
        "has all)",
    ]
    caplog.clear()
    many = Chatty(*(chr(97 + n % 26) * (n + 1) for n in range(1000)))
    await Pipeline(many.output >> Probe().input).run()
    assert len(caplog.records) == MAX_TOLD


async def test_faults_that_are_read_are_not_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    await Pipeline(Rubbish().faults >> Probe().input).run()
    assert caplog.records == []


async def test_what_fails_in_a_run_is_added_to_the_record_around_it() -> None:
    rubbish = Rubbish()
    for _ in range(2):
        with recorded("call=5f3a09bc") as record:
            await Pipeline(rubbish.faults >> Probe().input).run()
        assert str(record) == " faults=3"  # of this run, not since it was made


async def test_reports_that_nobody_reads_are_counted() -> None:
    rubbish, probe = Rubbish(), Probe()
    await Pipeline(rubbish.output >> probe.input).run()
    assert rubbish.fault_count == 3


async def test_a_flood_of_reports_waits_for_nobody_and_is_bounded() -> None:
    class Flood(Processor):
        output = Output[Any]()

        async def run(self) -> None:
            for _ in range(1_000):
                self.report("expected audio, got noise")

    flood, board = Flood(), Probe()
    pipeline = Pipeline(flood.faults >> board.input)
    await pipeline.run()
    stats = pipeline.stats().inputs["probe.input"]
    assert flood.fault_count == 1_000
    assert stats.high_water == board.input.capacity == len(board.frames)
    assert stats.dropped == 1_000 - len(board.frames)


async def test_a_report_outside_of_a_run_is_counted() -> None:
    rubbish, board = Rubbish(), Probe()
    pipeline = Pipeline(rubbish.faults >> board.input)
    rubbish.report("before")
    await pipeline.run()
    rubbish.report("after")
    assert rubbish.fault_count == 5
    assert len(board.frames) == 3


async def test_a_processor_without_a_run_says_so() -> None:
    class Idle(Processor):
        output = Output[Any]()

    idle, probe = Idle(), Probe()
    with pytest.raises(NotImplementedError) as caught:
        await Pipeline(idle.output >> probe.input).run()
    assert caught.value.__notes__ == ["raised by the box 'idle'"]


async def test_nobody_has_to_read_an_output() -> None:
    class Talkative(Processor):
        output = Output[Any]()
        unread = Output[Any]()

        async def run(self) -> None:
            for number in range(100):
                assert await self.unread.send(SpeechStarted(at=number))

    talkative, probe = Talkative(), Probe()
    assert await Pipeline(talkative.output >> probe.input).run() == "finished"

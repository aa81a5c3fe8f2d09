"""An output sends to all its readers, waits where it must, and never for a cut turn."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import pytest
from anyio import create_task_group
from anyio.lowlevel import checkpoint

from voxpipe.pipeline import (
    AudioFormat,
    AudioFrame,
    AudioRule,
    Filter,
    FormatError,
    Frame,
    Input,
    Output,
    Pipeline,
    Processor,
    SpeechStarted,
    Turn,
    VoxpipeError,
    WiringError,
)
from voxpipe.pipeline.queue import CHECKPOINT_EVERY
from voxpipe.pipeline.testing import Probe, Source

from .boxes import HoldsOne, Writer

PCM = AudioFormat("pcm16", 8_000)
ULAW = AudioFormat("ulaw", 8_000)


def mark(number: int = 0) -> SpeechStarted:
    return SpeechStarted(at=float(number))


def sound(format: AudioFormat = PCM, turn: Turn | None = None) -> AudioFrame:
    return AudioFrame(data=format.silence(0.02), format=format, turn=turn)


async def settle() -> None:
    """Let every task go as far as it can."""
    for _ in range(12):
        await checkpoint()


class Reader(Processor):
    """Reads when it is let."""

    input = Input[Any](capacity=1)

    def __init__(self) -> None:
        self.frames: list[Frame] = []
        self.go = False

    async def run(self) -> None:
        while not self.go:
            await checkpoint()
        async for frame in self.input:
            self.frames.append(frame)


class Deaf(Processor):
    """Finishes at once."""

    input = Input[Any]()

    async def run(self) -> None:
        return


class Narrow(Processor):
    """Takes telephone audio only."""

    input = Input[Any](format=AudioRule(("ulaw",), (8_000,), (1,)))

    async def run(self) -> None:
        async for _ in self.input:
            pass


class Through(Filter[AudioFrame]):
    """Passes everything on; here so that an output has something fused behind it."""

    def feed(self, frame: AudioFrame) -> tuple[AudioFrame]:
        return (frame,)


# --- to several readers


async def test_every_reader_gets_every_frame_in_order() -> None:
    sent = [mark(number) for number in range(200)]
    source, one, two = Source(sent), Probe(), Probe()
    await Pipeline(source.output >> one.input, source.output >> two.input).run()
    assert one.frames == two.frames == sent
    assert source.output.sent == 200


async def test_frames_of_two_tasks_keep_their_order_through_a_box_that_holds_one() -> (
    None
):
    class Quick(Processor):
        input = Input[SpeechStarted](capacity=2)

        def __init__(self) -> None:
            self.read: list[float] = []

        async def run(self) -> None:
            async for frame in self.input:
                self.read.append(frame.at)

    async def act(source: Writer) -> None:
        async def send(first: int) -> None:
            for number in range(first, first + 400):
                await source.output.send(mark(number))

        async with create_task_group() as tasks:
            tasks.start_soon(send, 0)
            tasks.start_soon(send, 1_000)

    source, reader = Writer(act), Quick()
    await Pipeline(source.output >> HoldsOne() >> reader.input).run()
    one = [at for at in reader.read if at < 1_000]
    other = [at for at in reader.read if at >= 1_000]
    assert one == list(range(400))
    assert other == list(range(1_000, 1_400))


async def test_the_slowest_reader_that_waits_holds_back_those_drawn_after_it() -> None:
    first, slow, last = Probe(), Reader(), Probe()

    async def act(source: Writer) -> None:
        async with create_task_group() as tasks:
            tasks.start_soon(source.output.send, mark(0))
            await settle()
            tasks.start_soon(source.output.send, mark(1))
            await settle()
            assert first.frames == [mark(0), mark(1)]
            assert last.frames == [mark(0)]
            slow.go = True

    source = Writer(act)
    await Pipeline(
        source.output >> first.input,
        source.output >> slow.input,
        source.output >> last.input,
    ).run()
    assert slow.frames == last.frames == [mark(0), mark(1)]


@pytest.mark.parametrize("fused", [False, True])
async def test_sending_goes_on_until_the_last_reader_has_finished(fused: bool) -> None:
    answers: list[bool] = []

    async def act(source: Writer) -> None:
        for _ in range(3):
            await settle()
            answers.append(await source.output.send(mark()))

    several: list[list[Deaf | Probe]] = [[Deaf(), Probe()], [Deaf(), Deaf()], [Deaf()]]
    for readers in several:
        source = Writer(act)
        start: Any = source.output >> Through() if fused else source.output
        pipeline = Pipeline(*(start >> reader.input for reader in readers))
        await pipeline.run()
    assert answers == [True] * 3 + [False] * 6


async def test_an_output_that_nobody_reads_can_be_sent_to() -> None:
    class Loner(Processor):
        input = Input[Any]()
        output = Output[Any]()

        async def run(self) -> None:
            async for frame in self.input:
                assert await self.output.send(frame)

    loner, source = Loner(), Source([mark(), mark()])
    await Pipeline(source.output >> loner.input).run()
    assert loner.output.sent == 2


# --- turns


@pytest.mark.parametrize("fused", [False, True])
async def test_a_send_that_waits_returns_at_once_when_its_turn_is_cut(
    fused: bool,
) -> None:
    turn, reader, answers = Turn(), Reader(), list[bool]()

    async def act(source: Writer) -> None:
        async def send() -> None:
            answers.append(await source.output.send(sound(turn=turn)))

        await source.output.send(mark(0))
        async with create_task_group() as tasks:
            tasks.start_soon(send)
            await settle()
            assert not answers
            turn.cut()
            await settle()
            assert answers == [True]
        reader.go = True

    source = Writer(act)
    start: Any = source.output >> Through() if fused else source.output
    pipeline = Pipeline(start >> reader.input)
    await pipeline.run()
    assert reader.frames == [mark(0)]
    assert pipeline.stats().inputs["reader.input"].stale == 1


async def test_frames_of_a_cut_turn_go_nowhere_and_are_counted() -> None:
    cut, probe, fused = Turn(), Probe(), Through()
    cut.cut()
    frames = [sound(turn=cut), mark(1), sound(turn=cut)]
    source = Source(frames)
    pipeline = Pipeline(source.output >> fused >> probe.input)
    await pipeline.run()
    assert probe.frames == [mark(1)]
    stats = pipeline.stats()
    assert (stats.outputs["source.output"].sent, source.output.stale) == (1, 2)
    assert stats.boxes["through"].taken == 1  # not even run through the filter


# --- send_nowait


async def test_what_has_no_room_is_given_back_and_delivered_later() -> None:
    class Narrow(Processor):
        input = Input[Any](capacity=2)

        def __init__(self) -> None:
            self.seen: list[float] = []

        async def run(self) -> None:
            async for frame in self.input:
                self.seen.append(frame.at)

    narrow, cut = Narrow(), Turn()
    cut.cut()

    async def act(source: Writer) -> None:
        assert not source.output.send_nowait(mark(0))  # a mark has no format
        assert not source.output.send_nowait(mark(1))
        assert not source.output.send_nowait(sound(turn=cut))
        rest = source.output.send_nowait(mark(2))
        assert [frame for _, frame in rest] == [mark(2)]
        await source.output.deliver(rest)
        assert (source.output.sent, source.output.stale) == (3, 1)

    await Pipeline(Writer(act).output >> narrow.input).run()
    assert narrow.seen == [0.0, 1.0, 2.0]


# --- offer


async def test_an_offer_never_waits_and_a_miss_is_counted() -> None:
    reader, probe = Reader(), Probe()

    async def act(source: Writer) -> None:
        for number in range(3):
            source.output.offer(mark(number))
        cut = Turn()
        cut.cut()
        source.output.offer(sound(turn=cut))
        reader.go = True

    source = Writer(act)
    pipeline = Pipeline(source.output >> reader.input, source.output >> probe.input)
    await pipeline.run()
    assert reader.frames == [mark(0)]
    assert probe.frames == [mark(0), mark(1), mark(2)]
    assert pipeline.stats().inputs["reader.input"].dropped == 2
    assert (source.output.sent, source.output.stale) == (3, 1)


# --- formats


@pytest.mark.parametrize("fused", [False, True])
async def test_a_format_does_not_change_during_a_session(fused: bool) -> None:
    source, probe = Source([sound(PCM), sound(PCM), sound(ULAW)]), Probe()
    start: Any = source.output >> Through() if fused else source.output
    with pytest.raises(FormatError) as caught:
        await Pipeline(start >> probe.input).run()
    assert str(caught.value) == (
        "source.output sends pcm16 8000 Hz, and now ulaw 8000 Hz: a format does not "
        "change during a session"
    )


async def test_the_same_format_in_other_words_is_no_change() -> None:
    again = AudioFormat("pcm16", 8_000)
    source, probe = Source([sound(PCM), sound(again), sound(PCM)]), Probe()
    await Pipeline(source.output >> probe.input).run()
    assert len(probe.frames) == 3


@pytest.mark.parametrize("fused", [False, True])
async def test_a_format_that_is_known_late_is_checked_with_the_first_frame(
    fused: bool,
) -> None:
    source, narrow = Source([mark(), sound(PCM)]), Narrow()
    start: Any = source.output >> Through() if fused else source.output
    last = "through" if fused else "source.output"
    with pytest.raises(FormatError) as caught:
        await Pipeline(start >> narrow.input).run()
    assert str(caught.value) == (
        f"{last} is pcm16 8000 Hz, narrow.input takes ulaw 8000 Hz mono: "
        f'put Encode("ulaw") between {last} and narrow.input'
    )
    assert caught.value.__notes__ == ["raised by the box 'source'"]


async def test_what_was_learned_in_one_run_is_forgotten_for_the_next() -> None:
    frames: list[Any] = [sound(PCM)]
    source, probe = Source(frames), Probe()
    pipeline = Pipeline(source.output >> probe.input)
    await pipeline.run()
    frames[:] = [sound(ULAW)]
    await pipeline.run()
    assert [frame.format for frame in probe.frames] == [PCM, ULAW]


# --- living with others


@pytest.mark.parametrize("fused", [False, True])
@pytest.mark.parametrize("stale", [False, True])
async def test_a_source_that_never_waits_lets_others_run(
    fused: bool, stale: bool
) -> None:
    turn, steps = Turn(), list[int]()
    if stale:
        turn.cut()

    class Glutton(Processor):
        input = Input[Any](on_full="drop_oldest")

        async def run(self) -> None:
            async for _ in self.input:
                pass

    async def act(source: Writer) -> None:
        async def count() -> None:
            while True:
                steps.append(source.output.sent + source.output.stale)
                await checkpoint()

        async with create_task_group() as tasks:
            tasks.start_soon(count)
            for _ in range(10 * CHECKPOINT_EVERY):
                await source.output.send(sound(turn=turn))
            # Each task runs once in a step of the loop, in either order.
            assert max(b - a for a, b in pairwise(steps)) <= 2 * CHECKPOINT_EVERY
            tasks.cancel_scope.cancel()

    source = Writer(act)
    start: Any = source.output >> Through() if fused else source.output
    await Pipeline(start >> Glutton().input).run()


# --- outside a run


async def test_nothing_can_be_sent_outside_a_run() -> None:
    source, probe = Source([mark()]), Probe()
    pipeline = Pipeline(source.output >> probe.input)
    for wrong in ("source.output is not in a pipeline that runs",) * 2:
        with pytest.raises(VoxpipeError, match=wrong):
            await source.output.send(mark())
        with pytest.raises(VoxpipeError, match=wrong):
            source.output.offer(mark())
    await pipeline.run()
    with pytest.raises(VoxpipeError, match=r"source\.output"):
        await source.output.send(mark())
    assert probe.frames == [mark()]
    assert not source.output.connected


def test_nothing_can_be_read_before_a_run() -> None:
    with pytest.raises(VoxpipeError, match=r"probe\.input is not in a pipeline"):
        Probe().input.receive_nowait()


# --- how ports are declared


def test_ports_that_a_class_declares_are_copied_for_each_instance() -> None:
    one, two = Probe(), Probe()
    assert one.input is not two.input
    assert (one.input.owner, two.input.owner, Probe.input.owner) == (one, two, None)
    assert str(one.input) == "probe.input"
    one.input.capacity_ms = 7
    assert two.input.capacity_ms == Probe.input.capacity_ms == 200


def test_a_subclass_inherits_ports_and_may_replace_them() -> None:
    class Wide(Probe):
        input = Input[Any](capacity=9)

    assert Wide().input.capacity == 9
    assert [str(port) for port in Wide().ports()] == ["wide.faults", "wide.input"]


@pytest.mark.parametrize(
    "bounds",
    [
        {"capacity": 0},
        {"capacity": -1},
        {"capacity": math.inf},
        {"capacity": 1.5},
        {"capacity": True},
        {"capacity": None},
        {"capacity_ms": 0},
        {"capacity_ms": -1.0},
        {"capacity_ms": math.inf},
        {"capacity_ms": math.nan},
        {"capacity_ms": 1e12},
    ],
)
def test_there_is_no_input_without_a_bound(bounds: dict[str, Any]) -> None:
    with pytest.raises(WiringError, match="there is no unbounded queue"):
        Input[Any](**bounds)

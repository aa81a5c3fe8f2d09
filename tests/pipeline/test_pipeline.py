"""A pipeline runs, ends, fails and is cancelled as promised, on both backends."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from typing import Any

import pytest
from anyio import (
    CancelScope,
    Event,
    create_task_group,
    get_cancelled_exc_class,
    sleep_forever,
)
from anyio.lowlevel import checkpoint

from voxpipe.pipeline import (
    AudioFormat,
    AudioFrame,
    Filter,
    FormatError,
    Input,
    Output,
    Pipeline,
    Playout,
    PlayoutInput,
    Processor,
    ReplyEnd,
    ReplyFrame,
    SpeechStarted,
    Turn,
    WiringError,
)
from voxpipe.pipeline.testing import (
    Probe,
    Source,
    cancelled_at,
    no_leaks,
    run_virtual,
)

from .boxes import PCM_8K, PCM_16K, PCM_24K, Gain


def sound(ms: int = 20, format: AudioFormat = PCM_8K, **fields: Any) -> AudioFrame:
    return AudioFrame(data=format.silence(ms / 1000), format=format, **fields)


def marks(count: int) -> list[SpeechStarted]:
    return [SpeechStarted(at=float(number)) for number in range(count)]


class Doing(Processor):
    """Does what the test tells it to."""

    output = Output[Any]()

    def __init__(self, do: Callable[[], Awaitable[object]]) -> None:
        self.do = do

    async def run(self) -> None:
        await self.do()


class Echo(Processor):
    """A stage that passes everything on."""

    input = Input[Any]()
    output = Output[Any]()

    async def run(self) -> None:
        async for frame in self.input:
            await self.output.send(frame)


def several(*acts: Callable[[], Awaitable[object]]) -> tuple[Pipeline, list[Doing]]:
    probe = Probe()
    boxes = [Doing(act) for act in acts]
    return Pipeline(*(box.output >> probe.input for box in boxes)), boxes


async def fail(error: Exception) -> None:
    raise error


# --- ending


async def test_the_end_of_the_source_runs_down_to_the_last_box() -> None:
    source, probe = Source(marks(100)), Probe()
    pipeline = Pipeline(source.output >> Echo() >> Gain() >> Echo() >> probe.input)
    assert await pipeline.run() == "finished"
    assert probe.frames == marks(100)
    assert pipeline.unfinished == ()


async def test_two_sources_of_one_input_end_when_both_have() -> None:
    one, other, probe = Source(marks(10)), Source(marks(200)), Probe()
    await Pipeline(one.output >> probe.input, other.output >> probe.input).run()
    assert len(probe.frames) == 210
    for source in (marks(10), marks(200)):
        rest = iter(probe.frames)
        assert all(mark in rest for mark in source)  # in the order of each


async def test_a_tee_gives_every_frame_to_every_reader() -> None:
    source, one, other = Source(marks(100)), Probe(), Probe()
    await Pipeline(source.output >> one.input, source.output >> other.input).run()
    assert one.frames == other.frames == marks(100)


async def test_who_sends_to_a_box_that_has_returned_is_told_and_does_not_wait() -> None:
    class Enough(Processor):
        input = Input[Any](capacity=2)

        async def run(self) -> None:
            await self.input.receive()

    class Persistent(Processor):
        output = Output[Any]()

        def __init__(self) -> None:
            self.answers: list[bool] = []

        async def run(self) -> None:
            for mark in marks(50):
                self.answers.append(await self.output.send(mark))

    enough, persistent = Enough(), Persistent()
    pipeline = Pipeline(persistent.output >> enough.input)
    await pipeline.run()
    first = persistent.answers.index(False)
    assert 0 < first <= 4
    assert not any(persistent.answers[first:])
    counts = pipeline.stats().inputs["enough.input"]
    assert (counts.delivered, counts.discarded, counts.depth) == (1, 49, 0)


async def test_tails_reach_a_reader_whose_writer_has_returned() -> None:
    class Hold(Filter[SpeechStarted]):
        def reset(self) -> None:
            self.held: list[SpeechStarted] = []

        def feed(self, frame: SpeechStarted) -> Iterable[SpeechStarted]:
            self.held.append(frame)
            return ()

        def flush(self) -> Iterable[SpeechStarted]:
            return tuple(self.held)

    source, probe = Source(marks(200)), Probe()
    await Pipeline(source.output >> Hold() >> Hold() >> probe.input).run()
    assert probe.frames == marks(200)


# --- running again, and beside others


async def test_a_pipeline_may_run_twice_and_begins_afresh() -> None:
    class Count(Filter[SpeechStarted]):
        def reset(self) -> None:
            self.seen = 0

        def feed(self, frame: SpeechStarted) -> Iterable[SpeechStarted]:
            self.seen += 1
            return (SpeechStarted(at=float(self.seen)),)

    source, probe = Source(marks(3)), Probe()
    pipeline = Pipeline(source.output >> Count() >> probe.input)
    await pipeline.run()
    await pipeline.run()
    assert [frame.at for frame in probe.frames] == [1.0, 2.0, 3.0] * 2
    assert pipeline.stats().inputs["probe.input"].delivered == 3
    assert pipeline.stats().boxes["count"].taken == 3
    assert pipeline.stats().outputs["source.output"].sent == 3


async def test_a_format_that_was_learnt_is_forgotten_with_its_run() -> None:
    frames = [sound(format=PCM_8K)]
    source, probe = Source(frames), Probe()
    pipeline = Pipeline(source.output >> probe.input)
    await pipeline.run()
    frames[:] = [sound(format=PCM_16K)]
    await pipeline.run()
    assert [frame.format for frame in probe.frames] == [PCM_8K, PCM_16K]
    assert source.output.format is None


async def test_a_box_runs_in_one_pipeline_at_a_time() -> None:
    echo, gain = Echo(), Gain()
    started = Event()

    class Slow(Processor):
        output = Output[Any]()

        async def run(self) -> None:
            started.set()
            await sleep_forever()

    slow = Slow()
    running = Pipeline(slow.output >> gain >> echo >> Probe().input)
    later = Pipeline(Source([]).output >> echo >> Probe().input)
    shares_a_filter = Pipeline(Source([]).output >> gain >> Probe().input)
    async with create_task_group() as tasks:
        tasks.start_soon(running.run)
        await started.wait()
        with pytest.raises(WiringError) as caught:
            await later.run()
        assert str(caught.value) == (
            "echo already runs in a pipeline: make a new one for each"
        )
        with pytest.raises(WiringError, match="gain already runs in a pipeline"):
            await shares_a_filter.run()
        with pytest.raises(WiringError, match="slow already runs in a pipeline"):
            await running.run()
        with pytest.raises(WiringError, match="echo already runs in a pipeline"):
            Pipeline(Source([]).output >> echo >> Probe().input)
        assert echo.input.fed
        tasks.cancel_scope.cancel()
    assert await later.run() == "finished"  # and then in another


async def test_many_pipelines_run_at_once_in_one_process() -> None:
    probes = [Probe() for _ in range(50)]
    async with create_task_group() as tasks:
        for number, probe in enumerate(probes):
            source = Source(marks(number))
            tasks.start_soon(
                Pipeline(source.output >> Gain() >> Echo() >> probe.input).run
            )
    assert [len(probe.frames) for probe in probes] == list(range(50))


# --- errors


async def test_one_failure_comes_out_bare_with_the_name_of_its_box() -> None:
    error = ValueError("broken")
    pipeline, _ = several(partial(fail, error), sleep_forever)
    with pytest.raises(ValueError, match="broken") as caught:
        await pipeline.run()
    assert caught.value is error
    assert error.__notes__ == ["raised by the box 'doing'"]
    assert pipeline.unfinished


async def trip(error: Exception) -> None:
    """Fail on the way out."""
    try:
        await sleep_forever()
    finally:
        raise error


async def test_several_failures_come_out_as_a_group_each_with_its_box() -> None:
    errors = [ValueError("one"), KeyError("two")]
    started = Event()

    async def trip_over_the_second() -> None:
        started.set()
        await trip(errors[1])

    async def fail_when_it_has_begun() -> None:
        await started.wait()
        raise errors[0]

    pipeline, _ = several(fail_when_it_has_begun, trip_over_the_second)
    with pytest.RaisesGroup(ValueError, KeyError) as caught:
        await pipeline.run()
    assert caught.value.message == "several boxes failed"
    assert [error.__notes__ for error in errors] == [
        ["raised by the box 'doing'"],
        ["raised by the box 'doing2'"],
    ]


async def test_a_failure_in_a_box_s_own_task_group_comes_out_bare_too() -> None:
    error = ValueError("deep inside")

    async def nest() -> None:
        async with create_task_group() as outer:
            outer.start_soon(sleep_forever)
            async with create_task_group() as inner:
                inner.start_soon(fail, error)

    pipeline, _ = several(nest, sleep_forever)
    with pytest.raises(ValueError, match="deep inside") as caught:
        await pipeline.run()
    assert caught.value is error
    assert error.__notes__ == ["raised by the box 'doing'"]


async def test_a_failure_keeps_its_cause_and_its_context() -> None:
    async def with_cause() -> None:
        raise ValueError("effect") from KeyError("cause")

    async def with_context() -> None:
        try:
            raise KeyError("first")
        except KeyError:
            raise ValueError("while at it")  # noqa: B904  # the context is the point

    pipeline, _ = several(with_cause)
    with pytest.raises(ValueError, match="effect") as caught:
        await pipeline.run()
    assert isinstance(caught.value.__cause__, KeyError)
    pipeline, _ = several(with_context)
    with pytest.raises(ValueError, match="while at it") as caught:
        await pipeline.run()
    assert caught.value.__cause__ is None
    assert isinstance(caught.value.__context__, KeyError)


async def test_a_fused_box_is_blamed_by_its_own_name() -> None:
    class Broken(Filter[SpeechStarted]):
        def feed(self, frame: SpeechStarted) -> Iterable[SpeechStarted]:
            raise ValueError("no")

    source, probe = Source(marks(1)), Probe()
    pipeline = Pipeline(source.output >> Gain() >> Broken() >> Gain() >> probe.input)
    with pytest.raises(ValueError, match="no") as caught:
        await pipeline.run()
    assert caught.value.__notes__ == ["raised by the box 'broken'"]


@pytest.mark.parametrize("given", [SpeechStarted(at=0), None])
async def test_a_feed_that_gives_no_frames_is_told_what_to_give(given: Any) -> None:
    class Wrong(Filter[Any]):
        def feed(self, frame: Any) -> Any:
            return given

    class Right(Filter[Any]):
        def feed(self, frame: Any) -> Any:
            return (5 + frame,)  # its own fault, of which it says enough

    source, probe = Source(marks(1)), Probe()
    with pytest.raises(TypeError) as caught:
        await Pipeline(source.output >> Wrong() >> probe.input).run()
    assert str(caught.value) == (
        f"Wrong.feed gave no frames to go on with ('{type(given).__name__}' object is "
        "not iterable): `yield` each frame, or return a tuple of them, as in "
        "`return (frame,)`; `return ()` for none"
    )
    assert caught.value.__notes__ == ["raised by the box 'wrong'"]
    with pytest.raises(TypeError, match="unsupported operand"):
        await Pipeline(source.output >> Right() >> Probe().input).run()


class Lifeless(Processor):
    output = Output[Any]()


class Synchronous(Processor):
    output = Output[Any]()

    def run(self) -> Any:
        return None


class Yielding(Processor):
    output = Output[Any]()

    async def run(self) -> Any:
        yield SpeechStarted(at=0)


@pytest.mark.parametrize(
    ("box", "words"),
    [
        (Lifeless(), "Lifeless has no life: write `async def run(self)` in it"),
        (Synchronous(), "Synchronous.run is not async: write `async def run(self)`"),
        (Yielding(), "Yielding.run yields: write `await self.output.send(frame)`"),
    ],
)
async def test_a_box_without_a_life_is_told_how_to_have_one(
    box: Any, words: str
) -> None:
    with pytest.raises((TypeError, NotImplementedError)) as caught:
        await Pipeline(box.output >> Probe().input).run()
    assert str(caught.value).startswith(words)
    assert caught.value.__notes__ == [f"raised by the box {box.name!r}"]


async def test_a_box_that_cannot_be_reset_is_blamed_before_anything_runs() -> None:
    class Stuck(Filter[SpeechStarted]):
        def reset(self) -> None:
            raise ValueError("no")

    ran: list[str] = []

    async def note() -> None:
        ran.append("ran")

    doing, probe = Doing(note), Probe()
    pipeline = Pipeline(doing.output >> Stuck() >> probe.input)
    with pytest.raises(ValueError, match="no") as caught:
        await pipeline.run()
    assert caught.value.__notes__ == ["raised by the box 'stuck'"]
    assert ran == []
    assert not doing.running


async def test_a_sender_may_catch_what_a_fused_box_raises_and_send_on() -> None:
    class Picky(Filter[SpeechStarted]):
        def feed(self, frame: SpeechStarted) -> Iterable[SpeechStarted]:
            yield frame
            if frame.at == 1.0:
                raise ValueError("not this one")

    class Patient(Processor):
        output = Output[Any]()
        failures = 0

        async def run(self) -> None:
            for mark in marks(3):
                try:
                    await self.output.send(mark)
                except ValueError:
                    self.failures += 1

    patient, probe = Patient(), Probe()
    await Pipeline(patient.output >> Picky() >> probe.input).run()
    assert patient.failures == 1
    assert probe.frames == [marks(3)[0], marks(3)[2]]  # nothing of the failed send


async def test_an_unknown_format_that_does_not_fit_is_refused_at_its_first_frame() -> (
    None
):
    source, probe = Source([marks(1)[0], sound(format=PCM_8K)]), Probe()
    probe.input.format = PCM_24K
    pipeline = Pipeline(source.output >> Gain() >> probe.input)
    with pytest.raises(FormatError) as caught:
        await pipeline.run()
    assert str(caught.value) == (
        "source.output is pcm16 8000 Hz, probe.input takes pcm16 24000 Hz: put "
        "Resample(24000) between source.output and probe.input"
    ).replace("source.output", "gain")
    assert caught.value.__notes__ == ["raised by the box 'source'"]


# --- deadlines and cancellation


def test_a_deadline_ends_what_still_runs_and_says_so() -> None:
    pipeline, _ = several(sleep_forever, checkpoint)
    assert run_virtual(partial(pipeline.run, deadline=3.0)) == "deadline"
    assert pipeline.unfinished == ("doing", "probe")


def test_a_deadline_that_is_not_reached_changes_nothing() -> None:
    pipeline, _ = several(checkpoint)
    assert run_virtual(partial(pipeline.run, deadline=3.0)) == "finished"
    assert pipeline.unfinished == ()


def test_a_failure_at_the_deadline_is_not_lost() -> None:
    pipeline, _ = several(partial(trip, ValueError("tripped on the way out")))
    with pytest.raises(ValueError, match="tripped on the way out"):
        run_virtual(partial(pipeline.run, deadline=1.0))


async def test_cancellation_from_outside_ends_every_box() -> None:
    ended: list[str] = []

    async def note_the_end(name: str) -> None:
        try:
            await sleep_forever()
        finally:
            ended.append(name)

    pipeline, boxes = several(partial(note_the_end, "a"), partial(note_the_end, "b"))
    async with no_leaks():
        with CancelScope() as scope:
            async with create_task_group() as tasks:
                tasks.start_soon(pipeline.run)
                for _ in range(5):
                    await checkpoint()
                scope.cancel()
    assert sorted(ended) == ["a", "b"]
    assert not any(box.running for box in boxes)
    assert pipeline.unfinished == ("doing", "probe", "doing2")


async def test_a_failure_during_cancellation_is_not_lost() -> None:
    error = ValueError("tripped on the way out")
    pipeline, _ = several(partial(trip, error), sleep_forever)

    async def run_and_cancel() -> None:
        async with create_task_group() as tasks:
            tasks.start_soon(pipeline.run)
            for _ in range(5):
                await checkpoint()
            tasks.cancel_scope.cancel()

    with pytest.RaisesGroup(ValueError):
        await run_and_cancel()


async def test_boxes_see_the_cancellation_and_nothing_else() -> None:
    seen: list[BaseException] = []

    async def look() -> None:
        try:
            await sleep_forever()
        except BaseException as error:
            seen.append(error)
            raise

    pipeline, _ = several(look)
    assert await cancelled_at(10, pipeline.run)
    assert [type(error) for error in seen] == [get_cancelled_exc_class()]


class Phone(Processor):
    """Hears a script and plays replies, all in one box."""

    heard = Output[Any]()
    speaks = PlayoutInput[ReplyFrame]()
    played = Output[AudioFrame]()

    async def run(self) -> None:
        async def write(frame: AudioFrame) -> None:
            await checkpoint()

        async with create_task_group() as tasks:
            tasks.start_soon(self.hear)
            await Playout(
                self.speaks, write, clear=self.clear, played=self.played
            ).run()

    async def clear(self, turn: Turn | None) -> None:
        await checkpoint()

    async def hear(self) -> None:
        for number in range(40):
            await self.heard.send(sound(start=number * 0.02))
        await self.heard.end()


class Agent(Processor):
    """Answers each half second with a reply, and cuts the one before."""

    hears = Input[AudioFrame](capacity_ms=60)
    says = Output[ReplyFrame]()

    async def run(self) -> None:
        turn = Turn()
        async for frame in self.hears:
            if frame.start % 0.2 < 0.001:
                turn.cut()
                turn = Turn()
            await self.says.send(sound(100, start=0.0, turn=turn))
        await self.says.send(ReplyEnd(turn=turn))


def a_call() -> tuple[Pipeline, Probe]:
    phone, agent, board = Phone(), Agent(), Probe()
    return (
        Pipeline(
            phone.heard >> Gain() >> agent.hears,
            agent.says >> Gain() >> phone.speaks,
            phone.played >> board.input,
        ),
        board,
    )


def test_a_whole_call_can_be_cancelled_at_any_time() -> None:
    async def cancel_again_and_again() -> None:
        moments = 0
        async with no_leaks():
            while True:
                pipeline, _ = a_call()
                ended = await pipeline.run(deadline=moments * 0.013)
                depths = [each.depth for each in pipeline.stats().inputs.values()]
                assert set(depths) <= {0}
                if ended == "finished":
                    break
                moments += 1
        assert moments > 100

    run_virtual(cancel_again_and_again)


async def test_the_first_steps_of_a_call_can_be_cancelled_on_both_backends() -> None:
    async with no_leaks():
        for step in range(60):
            pipeline, _ = a_call()
            assert await cancelled_at(step, pipeline.run)


# --- looking at it


async def test_counts_are_there_at_any_time() -> None:
    looks: list[tuple[int, int]] = []

    class Look(Processor):
        input = Input[SpeechStarted](capacity=4)

        async def run(self) -> None:
            async for _ in self.input:
                counts = pipeline.stats().inputs["look.input"]
                looks.append((counts.delivered, counts.depth))

    source, look = Source(marks(10)), Look()
    pipeline = Pipeline(source.output >> Gain() >> look.input)
    assert pipeline.stats().inputs == {}
    await pipeline.run()
    assert [delivered for delivered, _ in looks] == list(range(1, 11))
    stats = pipeline.stats()
    assert stats.inputs["look.input"].high_water == 4
    assert (stats.boxes["gain"].taken, stats.boxes["gain"].made) == (10, 10)
    assert stats.boxes["gain"].busy == 0.0
    assert stats.outputs["source.output"].sent == 10


async def test_milliseconds_are_counted_too() -> None:
    source, probe = Source([sound(50) for _ in range(10)]), Probe()
    pipeline = Pipeline(source.output >> probe.input)
    await pipeline.run()
    counts = pipeline.stats().inputs["probe.input"]
    assert counts.high_water_ms == pytest.approx(200.0)
    assert counts.depth_ms == 0.0


async def test_stale_frames_are_counted_where_they_were_stopped() -> None:
    turn = Turn()

    class Changing(Processor):
        output = Output[AudioFrame]()

        async def run(self) -> None:
            for _ in range(3):
                await self.output.send(sound(turn=turn))
            turn.cut()
            for _ in range(2):
                await self.output.send(sound(turn=turn))

    changing, probe = Changing(), Probe()
    pipeline = Pipeline(changing.output >> probe.input)
    await pipeline.run()
    stats = pipeline.stats()
    assert stats.outputs["changing.output"].stale == 2
    assert stats.outputs["changing.output"].sent == 3
    assert stats.inputs["probe.input"].stale == 3
    assert probe.frames == []


async def test_an_observer_is_told_of_every_frame_and_box_while_it_looks() -> None:
    seen: list[tuple[str, float]] = []

    def note(name: str, frame: Any, seconds: float) -> None:
        assert seconds >= 0.0
        seen.append((name, frame.at))

    source, probe = Source(marks(2)), Probe()
    pipeline = Pipeline(source.output >> Gain() >> Gain() >> probe.input)
    with pipeline.watch(note), pipeline.watch():
        await pipeline.run()
    assert seen == [("gain2", 0.0), ("gain", 0.0), ("gain2", 1.0), ("gain", 1.0)]
    busy = {name: box.busy for name, box in pipeline.stats().boxes.items()}
    assert all(seconds > 0.0 for seconds in busy.values())
    await pipeline.run()
    assert len(seen) == 4
    assert pipeline.stats().boxes["gain"].busy == 0.0


async def test_an_observer_may_come_and_go_during_a_run() -> None:
    seen: list[float] = []

    class Looking(Processor):
        output = Output[SpeechStarted]()

        async def run(self) -> None:
            for mark in marks(6):
                if mark.at == 2.0:
                    with pipeline.watch(lambda _, frame, __: seen.append(frame.at)):  # type: ignore[attr-defined]  # pyright: ignore
                        await self.output.send(mark)
                else:
                    await self.output.send(mark)

    looking, probe = Looking(), Probe()
    pipeline = Pipeline(looking.output >> Gain() >> probe.input)
    await pipeline.run()
    assert seen == [2.0]
    assert pipeline.stats().boxes["gain"].taken == 6


def test_busy_time_is_each_box_s_own() -> None:
    class Busy(Filter[SpeechStarted]):
        def feed(self, frame: SpeechStarted) -> Iterable[SpeechStarted]:
            sum(range(20_000))
            return (frame,)

    source, probe, idle, busy = Source(marks(20)), Probe(), Gain(), Busy()
    pipeline = Pipeline(source.output >> idle >> busy >> probe.input)
    with pipeline.watch():
        run_virtual(pipeline.run)
    boxes = pipeline.stats().boxes
    assert boxes["busy"].busy > boxes["gain"].busy

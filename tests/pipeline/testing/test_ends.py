"""Script and Probe, the two ends of a pipeline under test."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from anyio import sleep_forever

from voxpipe.pipeline import AudioFormat, AudioFrame, Frame, Input, Pipeline, Processor
from voxpipe.pipeline.frames import SpeechStarted
from voxpipe.pipeline.testing import Probe, Source, run_virtual, run_within

PCM = AudioFormat("pcm16", 8_000)


def sound(ms: int, number: int = 0) -> AudioFrame:
    return AudioFrame(data=PCM.silence(ms / 1000), format=PCM, start=float(number))


class Deaf(Processor):
    """Reads one frame, and has enough."""

    input = Input[Any]()

    async def run(self) -> None:
        await self.input.receive()


async def test_a_probe_keeps_what_a_script_sends() -> None:
    sent = [sound(20, 1), SpeechStarted(at=0.0), sound(40, 2)]
    source, probe = Source(sent), Probe()
    await Pipeline(source.output >> probe.input).run()
    assert probe.frames == sent
    assert probe.times == sorted(probe.times)
    assert len(probe.times) == 3
    assert probe.data == bytes(16 * 60)


async def test_a_script_ends_when_nobody_reads_on() -> None:
    made: list[int] = []

    def endless() -> Iterator[Frame]:
        while True:
            made.append(1)
            yield sound(20)

    source, deaf = Source(endless()), Deaf()
    assert await Pipeline(source.output >> deaf.input).run() == "finished"
    assert len(made) < 100


def test_in_real_time_a_frame_comes_when_its_last_sample_was_recorded() -> None:
    frames = [SpeechStarted(at=0.0), sound(20), sound(250), SpeechStarted(at=1.0)]
    source, probe = Source(frames, pace="real time"), Probe()
    run_virtual(Pipeline(source.output >> probe.input).run)
    waits = [time - probe.times[0] for time in probe.times]
    assert waits == pytest.approx([0.0, 0.02, 0.27, 0.27], abs=1e-6)


def test_at_once_takes_no_time() -> None:
    source, probe = Source([sound(1_000)] * 9), Probe()
    run_virtual(Pipeline(source.output >> probe.input).run)
    assert probe.times[-1] == probe.times[0]


def test_what_should_have_ended_is_told_by_name() -> None:
    class Sleeper(Processor):
        input = Input[Any]()

        async def run(self) -> None:
            await self.input.receive()
            await sleep_forever()

    for _ in range(10):  # tasks that are cancelled at once end in any order
        source, one, two = Source([sound(20)] * 3), Sleeper(), Sleeper()
        pipeline = Pipeline(source.output >> one.input, source.output >> two.input)
        with pytest.raises(TimeoutError) as caught:
            run_virtual(run_within, 5, pipeline)
        assert str(caught.value) == (
            "after 5 s there still ran sleeper, sleeper2; "
            "unread: sleeper.input (2), sleeper2.input (2)"
        )

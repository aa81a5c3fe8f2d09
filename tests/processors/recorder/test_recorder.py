"""Both sides of a conversation, as they were heard."""

from __future__ import annotations

import math
import resource
import threading
import wave
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anyio
import numpy as np
import pytest

from voxpipe.pipeline import (
    AudioFormat,
    AudioFrame,
    Dtmf,
    FormatError,
    Frame,
    Output,
    Pipeline,
    Processor,
    ReplyEnd,
    SpeechStarted,
    SpeechStopped,
    WiringError,
)
from voxpipe.pipeline.testing import Probe, Source, no_leaks, run_virtual
from voxpipe.processors.recorder import WavRecorder

RATE = 8_000
MONO = AudioFormat("pcm16", RATE)
Spans = list[tuple[int, float]]


def audio(value: int, seconds: float = 0.02) -> AudioFrame:
    samples = np.full(round(seconds * RATE), value, "<i2")
    return AudioFrame(data=samples.tobytes(), format=MONO)


class Timed(Processor):
    """Sends each frame at its moment, then ends, or waits for ever."""

    output = Output[Any]()

    def __init__(
        self, frames: Sequence[tuple[float, Frame]], *, until: float = 0.0
    ) -> None:
        self._frames = frames
        self._until = until

    async def run(self) -> None:
        began = anyio.current_time()
        for at, frame in self._frames:
            await anyio.sleep_until(began + at)
            await self.output.send(frame)
        await anyio.sleep_until(began + self._until)


def speech(value: int, begins: float, ends: float) -> list[tuple[float, Frame]]:
    count = round((ends - begins) / 0.02)
    return [(begins + 0.02 * (step + 1), audio(value)) for step in range(count)]


def read(path: Path) -> tuple[Spans, Spans]:
    with wave.open(str(path), "rb") as file:
        assert (file.getnchannels(), file.getframerate()) == (2, RATE)
        stereo = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    return spans(stereo[::2]), spans(stereo[1::2])


def spans(samples: np.ndarray[tuple[int, ...], np.dtype[np.int16]]) -> Spans:
    """Equal samples in a row, and how many seconds they last."""
    edges = np.flatnonzero(np.diff(samples)) + 1
    parts = np.split(samples, edges) if len(samples) else []
    return [(int(part[0]), round(len(part) / RATE, 3)) for part in parts]


def test_each_side_is_placed_when_it_was_heard(tmp_path: Path) -> None:
    path = tmp_path / "call.wav"
    caller = Timed(speech(1, 0.0, 2.0) + speech(1, 6.0, 7.0))
    agent = Timed(speech(2, 2.5, 5.5))
    recorder = WavRecorder(path, rate=RATE)
    run_virtual(
        Pipeline(caller.output >> recorder.caller, agent.output >> recorder.agent).run
    )
    left, right = read(path)
    assert left == [(1, 2.0), (0, 4.0), (1, 1.0)]
    assert right == [(0, 2.5), (2, 3.0), (0, 1.5)]


def test_marks_pass_without_a_trace(tmp_path: Path) -> None:
    path = tmp_path / "call.wav"
    marks: list[tuple[float, Frame]] = [
        (0.5, SpeechStarted(at=0.5)),
        (0.6, Dtmf(digit="1")),
        (0.7, SpeechStopped(at=0.7)),
    ]
    caller = Timed(marks + speech(1, 1.0, 2.0))
    agent = Timed([(1.5, ReplyEnd(turn=None))])
    recorder = WavRecorder(path, rate=RATE)
    run_virtual(
        Pipeline(caller.output >> recorder.caller, agent.output >> recorder.agent).run
    )
    assert read(path) == ([(0, 1.0), (1, 1.0)], [(0, 2.0)])


def test_a_long_call_with_one_silent_side_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "call.wav"
    caller = Timed(speech(1, 0.0, 60.0))
    recorder = WavRecorder(path, rate=RATE)
    run_virtual(Pipeline(caller.output >> recorder.caller).run)
    assert read(path) == ([(1, 60.0)], [(0, 60.0)])
    assert recorder.lost == 0


async def test_a_source_that_is_faster_than_time_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "call.wav"
    caller = Source([audio(1, 0.25) for _ in range(200)])
    agent = Source([audio(2) for _ in range(500)])
    recorder = WavRecorder(path, rate=RATE)
    pipeline = Pipeline(
        caller.output >> recorder.caller, agent.output >> recorder.agent
    )
    await pipeline.run()
    left, right = read(path)
    assert left[0] == (1, 50.0)
    assert round(sum(seconds for value, seconds in right if value == 2), 3) == 10.0
    assert sum(each.dropped for each in pipeline.stats().inputs.values()) == 0


async def test_frames_that_do_not_fit_are_dropped_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "call.wav"
    caller = Source([audio(n + 1, 3.0) for n in range(30)])  # 90 s at one go
    recorder = WavRecorder(path, rate=RATE)
    pipeline = Pipeline(caller.output >> recorder.caller)
    await pipeline.run()
    assert pipeline.stats().inputs["wav_recorder.caller"].dropped == 20
    assert [value for value, _ in read(path)[0]] == [*range(21, 31)]


async def test_a_cancelled_run_leaves_a_valid_file(tmp_path: Path) -> None:
    path = tmp_path / "call.wav"
    frames: list[tuple[float, Frame]] = [(0.0, audio(1, 0.5)) for _ in range(10)]
    caller = Timed(frames, until=math.inf)
    recorder = WavRecorder(path, rate=RATE)
    pipeline = Pipeline(caller.output >> recorder.caller)
    await warm_up()
    async with no_leaks(), anyio.create_task_group() as tasks:
        tasks.start_soon(pipeline.run)
        with anyio.fail_after(10):
            while not pipeline.stats().inputs or (
                pipeline.stats().inputs["wav_recorder.caller"].delivered < 10
            ):
                await anyio.lowlevel.checkpoint()
        tasks.cancel_scope.cancel()
    assert read(path)[0] == [(1, 5.0)]


async def warm_up() -> None:
    """Have the threads that asyncio keeps for later: they are no leak."""
    both = threading.Barrier(2)
    async with anyio.create_task_group() as tasks:
        for _ in range(2):
            tasks.start_soon(anyio.to_thread.run_sync, both.wait, 10)


@contextmanager
def disk_of(size: int) -> Generator[None]:
    """Files cannot grow beyond ``size`` bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def test_a_full_disk_does_not_end_the_conversation(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "call.wav"
    caller = Source([audio(1, 0.25) for _ in range(100)])
    recorder = WavRecorder(path, rate=RATE)
    with disk_of(4 * RATE * 3):
        assert await Pipeline(caller.output >> recorder.caller).run() == "finished"
    ((value, seconds),) = read(path)[0]
    assert value == 1
    assert seconds + recorder.lost == 25.0
    assert recorder.lost > 0
    assert recorder.fault_count == 1
    assert "is incomplete" in caplog.text


async def test_a_file_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    caller, recorder = Source([]), WavRecorder(tmp_path / "no" / "call.wav")
    with pytest.raises(FileNotFoundError):
        await Pipeline(caller.output >> recorder.caller).run()


def test_a_wrong_rate_is_refused_with_the_cure(tmp_path: Path) -> None:
    class Phone(Processor):
        heard = Output[AudioFrame](format=AudioFormat("ulaw", 8_000))

    phone, recorder = Phone(), WavRecorder(tmp_path / "call.wav")
    with pytest.raises(WiringError) as caught:
        Pipeline(phone.heard >> recorder.caller)
    assert "Decode() >> Resample(24000)" in str(caught.value)
    with pytest.raises(FormatError):
        WavRecorder(tmp_path / "call.wav", rate=1)


def test_a_recorder_without_a_voice_is_refused_with_the_cure(tmp_path: Path) -> None:
    recorder, probe = WavRecorder(tmp_path / "call.wav"), Probe()
    with pytest.raises(WiringError, match=r"phone\.heard >> wav_recorder\.caller"):
        Pipeline(recorder.faults >> probe.input)

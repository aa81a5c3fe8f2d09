from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import anyio
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from voxpipe.pipeline import (
    AudioFormat,
    AudioFrame,
    FormatError,
    Output,
    Pipeline,
    Processor,
    ReplyEnd,
    ReplyFrame,
    Turn,
)
from voxpipe.pipeline.testing import Probe, Source, no_leaks, run_virtual
from voxpipe.transports import WavSink, read_header

FORMAT = AudioFormat("pcm16", 8_000)
BYTES = FORMAT.bytes_per_second


def tone(seconds: float, first: int = 1) -> bytes:
    count = round(seconds * FORMAT.rate)
    return b"".join((n % 30_000 + first).to_bytes(2, "little") for n in range(count))


class Model(Processor):
    """Gives replies at once, as a model does, and cuts them at given moments."""

    says = Output[ReplyFrame]()

    def __init__(self, replies: list[tuple[bytes, float | None]], delta: float) -> None:
        self.replies = replies
        self.delta = delta
        self.turns = [Turn(str(n)) for n, _ in enumerate(replies)]

    async def run(self) -> None:
        for turn, (audio, cut) in zip(self.turns, self.replies, strict=True):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._say, turn, audio)
                if cut is not None:
                    await anyio.sleep(cut)
                    turn.cut()
                await turn.over()

    async def _say(self, turn: Turn, audio: bytes) -> None:
        step = FORMAT.bytes_in(self.delta)
        for at in range(0, len(audio), step):
            piece = audio[at : at + step]
            start = turn.grow(len(piece) / BYTES)
            frame = AudioFrame(data=piece, format=FORMAT, start=start, turn=turn)
            await self.says.send(frame)
        await self.says.send(ReplyEnd(turn=turn))


def content(path: Path) -> bytes:
    file = io.BytesIO(path.read_bytes())
    header = read_header(file)
    assert (header.format, header.oddities) == (FORMAT, ())
    file.seek(header.begins)
    return file.read(header.size)


def converse(model: Model, sink: WavSink) -> Probe:
    probe = Probe()
    pipeline = Pipeline(model.says >> sink.speaks, sink.played >> probe.input)
    run_virtual(pipeline.run)
    return probe


@pytest.mark.parametrize("delta", [0.02, 0.3])
def test_a_reply_is_heard_whole_and_at_the_pace_of_speech(
    tmp_path: Path, delta: float
) -> None:
    model, sink = Model([(tone(2.1), None)], delta), WavSink(tmp_path / "a.wav", FORMAT)
    probe = converse(model, sink)
    assert content(sink.path) == tone(2.1) == probe.data
    assert probe.times[-1] - probe.times[0] == pytest.approx(2.1 - delta)
    assert model.turns[0].state == "played"
    assert model.turns[0].played == pytest.approx(2.1)
    assert model.turns[0].basis == "measured"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(
    cut=st.one_of(
        st.floats(0.0, 2.5), st.integers(0, 10).map(lambda quarter: quarter / 4)
    ),
    delta=st.sampled_from([0.02, 0.25, 0.6]),
)
def test_a_cut_leaves_exactly_the_heard_samples_in_the_file(
    tmp_path: Path, cut: float, delta: float
) -> None:
    sink = WavSink(tmp_path / "a.wav", FORMAT, gaps="nothing")
    model = Model([(tone(2.0), cut)], delta)
    probe = converse(model, sink)
    heard = FORMAT.bytes_in(min(cut, 2.0))
    # What the ledger says, what `played` told and what the file holds are the same.
    assert FORMAT.bytes_in(model.turns[0].played) == heard
    assert content(sink.path) == probe.data
    assert abs(len(probe.data) - heard) <= 2  # a cut between two samples takes either
    assert tone(2.0).startswith(probe.data)


def test_silence_stands_where_nothing_was_said(tmp_path: Path) -> None:
    class Late(Model):
        async def run(self) -> None:
            await anyio.sleep(0.5)
            await super().run()
            await anyio.sleep(0.25)

    model = Late([(tone(1.0), 0.4), (tone(0.3, 7), None)], 0.25)
    sink = WavSink(tmp_path / "a.wav", FORMAT)
    converse(model, sink)
    silence = FORMAT.silence
    assert content(sink.path) == (
        silence(0.5) + tone(0.4) + tone(0.3, 7) + silence(0.25)
    )


def test_a_reply_that_is_held_goes_on_where_it_stopped(tmp_path: Path) -> None:
    class Coughing(Model):
        async def run(self) -> None:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(super().run)
                await anyio.sleep(0.3)
                self.turns[0].hold()
                await anyio.sleep(0.2)
                self.turns[0].resume()

    model = Coughing([(tone(1.0), None)], 0.25)
    sink = WavSink(tmp_path / "a.wav", FORMAT)
    converse(model, sink)
    assert content(sink.path) == tone(0.3) + FORMAT.silence(0.2) + tone(1.0)[4_800:]


def test_a_call_in_which_nothing_is_said_is_silence_of_its_length(
    tmp_path: Path,
) -> None:
    class Mute(Model):
        async def run(self) -> None:
            await anyio.sleep(3_600.0)

    sink = WavSink(tmp_path / "a.wav", AudioFormat("ulaw", 8_000))
    converse(Mute([], 0.02), sink)
    file = io.BytesIO(sink.path.read_bytes())
    header = read_header(file)
    assert header.seconds == pytest.approx(3_600.0)
    file.seek(header.begins)
    assert set(file.read(header.size)) == {0xFF}


async def test_a_cancelled_recording_is_a_valid_file(tmp_path: Path) -> None:
    frames = [AudioFrame(data=tone(0.02), format=FORMAT) for _ in range(500)]
    # On a busy machine the first frame is late: that gap is not what this is about.
    source, sink = Source(frames), WavSink(tmp_path / "a.wav", FORMAT, gaps="nothing")
    async with no_leaks():
        assert await Pipeline(source.output >> sink.speaks).run(deadline=0.1) == (
            "deadline"
        )
    assert content(sink.path) in tone(0.02) * 500


def test_cancelled_at_any_moment_it_holds_what_was_heard_by_then(
    tmp_path: Path,
) -> None:
    for number in range(40):
        deadline = number * 0.0237
        sink = WavSink(tmp_path / "a.wav", FORMAT)
        frames = [AudioFrame(data=tone(0.02), format=FORMAT) for _ in range(100)]
        pipeline = Pipeline(Source(frames).output >> sink.speaks)

        async def run(pipeline: Pipeline = pipeline, end: float = deadline) -> None:
            await pipeline.run(deadline=end)

        run_virtual(run)
        seconds = len(content(sink.path)) / BYTES
        assert deadline - 0.021 <= seconds <= deadline + 1e-9


def test_a_path_that_cannot_be_written_is_refused_before_anything_runs(
    tmp_path: Path,
) -> None:
    with pytest.raises(FileNotFoundError):
        WavSink(tmp_path / "none" / "a.wav", FORMAT)
    rate: Any = 24_000
    with pytest.raises(FormatError, match=r'not int: write AudioFormat\("pcm16"'):
        WavSink(tmp_path / "a.wav", rate)
    assert not list(tmp_path.iterdir())


def test_a_file_is_valid_before_anything_was_said(tmp_path: Path) -> None:
    assert content(WavSink(tmp_path / "a.wav", FORMAT).path) == b""

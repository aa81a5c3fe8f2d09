from __future__ import annotations

import wave
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from voxpipe.pipeline import AudioFormat, FormatError, Pipeline, WiringError
from voxpipe.pipeline.testing import Probe, no_leaks, run_virtual
from voxpipe.transports import WavError, WavSink, WavSource, WavWriter
from voxpipe.transports.wav_source import MAX_IN_MEMORY

FORMAT = AudioFormat("pcm16", 16_000)


def tone(seconds: float, format: AudioFormat = FORMAT) -> bytes:
    size = format.bytes_in(seconds)
    return (bytes(range(256)) * (size // 256 + 1))[:size]


def wav(path: Path, audio: bytes, format: AudioFormat = FORMAT) -> Path:
    with path.open("wb") as file, WavWriter(file, format) as writer:
        writer.write(audio)
    return path


def play(source: WavSource) -> Probe:
    probe = Probe()
    run_virtual(Pipeline(source.heard >> probe.input).run)
    return probe


def test_a_recording_is_heard_at_the_pace_of_a_microphone(tmp_path: Path) -> None:
    probe = play(WavSource(wav(tmp_path / "a.wav", tone(10.01))))
    began = probe.times[0] - 0.02
    assert len(probe.frames) == 501
    for frame, time in zip(probe.frames, probe.times, strict=True):
        # Its last sample has just been recorded, after 10 s as after 20 ms.
        assert time - began == pytest.approx(frame.start + frame.duration, abs=1e-6)
    assert probe.data == tone(10.01)
    assert probe.frames[-1].duration == pytest.approx(0.01)


async def test_at_once_is_as_fast_as_its_reader(tmp_path: Path) -> None:
    source = WavSource(wav(tmp_path / "a.wav", tone(60.0)), pace="at once")
    probe = Probe()
    async with no_leaks():
        await Pipeline(source.heard >> probe.input).run()
    assert probe.data == tone(60.0)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(frame=st.floats(1e-6, 1.0), seconds=st.floats(0.0, 0.3))
def test_the_size_of_the_frames_changes_no_sample(
    tmp_path: Path, frame: float, seconds: float
) -> None:
    path = wav(tmp_path / "a.wav", tone(seconds))
    probe = play(WavSource(path, pace="at once", frame=frame))
    assert probe.data == tone(seconds)
    position = 0.0
    for each in probe.frames:
        assert each.start == pytest.approx(position)
        position += each.duration


@pytest.mark.parametrize(
    "format",
    [
        AudioFormat("ulaw", 8_000),
        AudioFormat("alaw", 8_000),
        AudioFormat("pcm16", 8_000, 2),
    ],
    ids=str,
)
def test_its_format_is_known_before_anything_is_drawn(
    tmp_path: Path, format: AudioFormat
) -> None:
    source = WavSource(wav(tmp_path / "a.wav", tone(1.0, format), format))
    assert source.heard.format == format
    assert source.seconds == 1.0
    sink = WavSink(tmp_path / "b.wav", FORMAT)
    with pytest.raises(WiringError, match=r"Decode\(\)|Mono\(\)"):
        Pipeline(source.heard >> sink.speaks)


def test_silence_follows_in_the_recording_s_own_encoding(tmp_path: Path) -> None:
    ulaw = AudioFormat("ulaw", 8_000)
    path = wav(tmp_path / "a.wav", tone(0.1, ulaw), ulaw)
    source = WavSource(path, silence_after=0.05)
    probe = play(source)
    assert probe.data == tone(0.1, ulaw) + b"\xff" * 400
    assert source.seconds == pytest.approx(0.15)
    assert probe.frames[-1].start == pytest.approx(0.14)


LONG = MAX_IN_MEMORY + 1_000_001 * 2


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Path:
    seconds = LONG / FORMAT.bytes_per_second
    return wav(tmp_path_factory.mktemp("long") / "a.wav", tone(seconds))


async def test_a_long_recording_is_read_in_blocks_and_loses_nothing(long: Path) -> None:
    source, probe = WavSource(long, pace="at once", frame=0.03), Probe()
    await Pipeline(source.heard >> probe.input).run()
    assert probe.data == tone(LONG / FORMAT.bytes_per_second)
    assert {frame.duration for frame in probe.frames[:-1]} == {0.03}


def test_a_long_recording_loses_nothing_in_virtual_time(long: Path) -> None:
    probe = play(WavSource(long))
    assert len(probe.data) == LONG
    assert probe.times == sorted(probe.times)


async def test_a_long_recording_that_nobody_wants_is_not_read_on(long: Path) -> None:
    class Picky(Probe):
        async def run(self) -> None:
            self.frames.append(await self.input.receive())

    source, probe = WavSource(long, pace="at once"), Picky()
    await Pipeline(source.heard >> probe.input).run()
    assert len(probe.frames) == 1


def cut_short(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(MAX_IN_MEMORY // 2)


def test_a_long_recording_that_is_cut_short_is_reported(
    tmp_path: Path,
) -> None:
    path = wav(tmp_path / "a.wav", tone(LONG / FORMAT.bytes_per_second))
    source = WavSource(path, pace="at once")
    cut_short(path)
    probe = play(source)
    assert len(probe.data) == MAX_IN_MEMORY // 2 - 44
    assert source.fault_count == 1


def test_what_is_odd_about_a_file_is_reported_once_a_run(tmp_path: Path) -> None:
    path = wav(tmp_path / "a.wav", tone(0.1))
    path.write_bytes(path.read_bytes()[:-3])
    source, probe, faults = WavSource(path), Probe(), Probe()
    run_virtual(
        Pipeline(source.heard >> probe.input, source.faults >> faults.input).run
    )
    assert [type(fault).__name__ for fault in faults.frames] == ["Fault", "Fault"]
    assert "promises 3200 bytes" in faults.frames[0].message
    assert probe.data == tone(0.1)[:-4]


@pytest.mark.parametrize("frame", [0.0, -1, 20, float("nan")])
def test_a_length_of_frame_that_makes_no_sense_is_refused(
    tmp_path: Path, frame: float
) -> None:
    with pytest.raises(FormatError, match="a frame lasts up to a second"):
        WavSource(wav(tmp_path / "a.wav", b""), frame=frame)


@pytest.mark.parametrize("seconds", [-1, float("nan")])
def test_a_silence_that_makes_no_sense_is_refused(
    tmp_path: Path, seconds: float
) -> None:
    with pytest.raises(FormatError, match="silence is not negative"):
        WavSource(wav(tmp_path / "a.wav", b""), silence_after=seconds)


def test_what_cannot_be_read_is_refused_before_anything_runs(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        WavSource(tmp_path / "none.wav")
    with pytest.raises(IsADirectoryError):
        WavSource(tmp_path)
    with pytest.raises(WavError):
        WavSource(__file__)


def test_an_empty_recording_just_ends(tmp_path: Path) -> None:
    assert play(WavSource(wav(tmp_path / "a.wav", b""))).frames == []


@pytest.mark.parametrize("seconds", [0.5, 30.0], ids=["in memory", "from the disk"])
def test_a_recording_of_24_bits_is_heard_in_16(tmp_path: Path, seconds: float) -> None:
    path = tmp_path / "a.wav"
    narrow = tone(seconds, AudioFormat("pcm16", 48_000))
    wide = bytearray(b"\x55" * (len(narrow) // 2 * 3))
    wide[1::3], wide[2::3] = narrow[0::2], narrow[1::2]
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 3, 48_000, 0, "NONE", ""))
        file.writeframes(wide)
    source = WavSource(path, pace="at once")
    assert source.heard.format == AudioFormat("pcm16", 48_000)
    assert source.seconds == seconds
    assert play(source).data == narrow

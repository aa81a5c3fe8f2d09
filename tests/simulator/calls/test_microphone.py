"""What a caller says, whatever it is given as."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from voxpipe.pipeline.audio import AudioFormat
from voxpipe.pipeline.audioframe import AudioFrame
from voxpipe.pipeline.errors import FormatError
from voxpipe.simulator.audio import g711
from voxpipe.simulator.audio.sound import wire_format
from voxpipe.simulator.calls.microphone import Microphone, read_pcm

PCM, ULAW = wire_format({"type": "audio/pcm"}), wire_format({"type": "audio/pcmu"})


def tone(rate: int, seconds: float = 0.5) -> NDArray[np.int16]:
    time = np.arange(int(rate * seconds)) / rate
    return (np.sin(2 * np.pi * 440 * time) * 10_000).astype(np.int16)


def same(given: bytes, wanted: NDArray[np.int16]) -> bool:
    got = np.frombuffer(given, "<i2")[500:-500].astype(float)
    return bool(np.corrcoef(got, wanted[500 : 500 + len(got)])[0, 1] > 0.99)


def test_bytes_are_taken_as_they_are() -> None:
    assert read_pcm(b"\x01\x02") == b"\x01\x02"
    with pytest.raises(FormatError):
        read_pcm(b"\x01")


@pytest.mark.parametrize("rate", [8_000, 24_000, 48_000])
def test_a_wav_file_is_read_at_any_rate(tmp_path: Path, rate: int) -> None:
    path = tmp_path / "hello.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(np.repeat(tone(rate), 2).tobytes())
    pcm = read_pcm(path)
    assert len(pcm) == 24_000
    assert same(pcm, tone(24_000))


def test_a_file_that_is_no_wav_says_so(tmp_path: Path) -> None:
    path = tmp_path / "hello.wav"
    path.write_bytes(b"no sound")
    with pytest.raises(FormatError, match="not a WAV file"):
        read_pcm(str(path))


def test_a_frame_of_telephone_audio_is_expanded() -> None:
    data = g711.encode(tone(8_000), "ulaw")
    pcm = read_pcm(AudioFrame(data=data, format=AudioFormat("ulaw", 8_000)))
    assert same(pcm, tone(24_000))


def test_a_silent_caller_sends_silence_all_the_same() -> None:
    line = Microphone()
    assert line.next(PCM) == bytes(960)
    assert line.next(ULAW) == b"\xff" * 160

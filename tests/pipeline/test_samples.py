"""From samples to frames, and what is refused on the way."""

from __future__ import annotations

from array import array
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from voxpipe.pipeline import AudioFormat, AudioFrame, FormatError, Turn

RATE = 24_000
PCM = AudioFormat("pcm16", RATE)
TONE = np.sin(np.arange(480) * 2 * np.pi * 440 / RATE)

SHAPES = st.integers(0, 50) | st.tuples(st.integers(0, 50), st.integers(1, 2))


@given(SHAPES.flatmap(lambda shape: arrays(np.int16, shape)))
def test_sixteen_bits_become_a_frame_as_they_are(samples: NDArray[np.int16]) -> None:
    frame = AudioFrame.of(samples, RATE)
    channels = samples.shape[1] if samples.ndim == 2 else 1
    assert frame.format == AudioFormat("pcm16", RATE, channels)
    assert frame.samples.tolist() == samples.reshape(frame.samples.shape).tolist()
    assert frame.duration == len(samples) / RATE
    swapped = AudioFrame.of(samples.astype(">i2"), RATE)
    assert swapped == frame
    assert AudioFrame.of(samples[::-1], RATE).samples.tolist() == (
        frame.samples[::-1].tolist()
    )


@given(arrays(np.int16, st.integers(0, 50)), st.sampled_from([np.float32, np.float64]))
def test_floats_are_what_was_divided_by_32768(
    samples: NDArray[np.int16], kind: type[np.floating[Any]]
) -> None:
    frame = AudioFrame.of((samples / 32_768).astype(kind), RATE)
    assert frame.samples.tolist() == samples.tolist()


def test_what_is_too_loud_is_clipped_and_what_lies_between_is_rounded() -> None:
    samples = np.array([1.0, -1.0, 1.5, -2.0, 0.6 / 32_768, -0.6 / 32_768])
    frame = AudioFrame.of(samples, RATE)
    assert frame.samples.tolist() == [32_767, -32_768, 32_767, -32_768, 1, -1]


def test_a_frame_of_samples_has_its_moment_and_its_reply() -> None:
    turn = Turn()
    frame = AudioFrame.of(TONE.astype(np.float32), RATE, start=1.5, turn=turn)
    assert (frame.start, frame.turn, frame.duration) == (1.5, turn, 0.02)


@pytest.mark.parametrize(
    ("samples", "says"),
    [
        (TONE * 8_000, r"floats from -1 to 1, got \d+.*: divide by 32768"),
        (np.array([0.0, np.nan]), "from -1 to 1, got nan"),
        (np.array([0.0, -np.inf]), "from -1 to 1, got inf"),
        (np.zeros(4, np.int32), r"got int32: \(samples >> 16\)"),
        (np.zeros(4, np.int64), r"got int64: samples.astype\(np.int16\)"),
        (np.zeros(4, np.uint8), r"got uint8: \(samples.astype\(np.int16\) - 128\)"),
        (np.zeros(4, np.int8), "got int8: samples"),
        (np.zeros(4, np.uint16), "got uint16: samples"),
        (np.zeros(4, np.complex64), "got complex64"),
        (np.zeros(4, bool), "got bool"),
        (np.zeros((2, 480), np.int16), r"shape \(2, 480\): samples.T"),
        (np.zeros((480, 6), np.int16), r"shape \(480, 6\): samples\[:, 0\]"),
        (np.zeros((), np.int16), r"shape \(\)"),
        (np.zeros((1, 2, 3), np.int16), r"shape \(1, 2, 3\)"),
        ([1, 2, 3], r"got list: np.asarray\(samples\)"),
        (b"abcd", r"got bytes: AudioFrame\(data="),
    ],
)
def test_other_samples_are_refused_with_the_cure(samples: Any, says: str) -> None:
    with pytest.raises(FormatError, match=says):
        AudioFrame.of(samples, RATE)


def test_other_samples_of_a_frame_keep_its_moment_and_its_reply() -> None:
    frame = AudioFrame.of(TONE, RATE, start=1.5, turn=Turn())
    quieter = frame.with_samples(frame.samples / 32_768 * 0.5)
    assert (quieter.start, quieter.turn) == (1.5, frame.turn)
    assert np.abs(quieter.samples - frame.samples / 2).max() <= 0.5
    with pytest.raises(FormatError, match=r"frame lasts .*frame.with_samples"):
        frame.with_data((frame.samples * 0.5).tobytes())


def test_a_rate_that_audio_cannot_have_is_refused() -> None:
    with pytest.raises(FormatError, match="rate must be"):
        AudioFrame.of(TONE, 24)


# --- what is given as bytes and is none

FRAME = AudioFrame.of(TONE, RATE)
RUBBISH: list[tuple[Any, str]] = [
    (FRAME.samples // 2, r"not an array of int16: frame.with_samples.*AudioFrame.of"),
    (FRAME.samples * 0.5, "not an array of float64: frame.with_samples"),
    (np.zeros(4, np.uint8), "not an array of uint8"),
    (memoryview(array("h", [1, 2])), "not memoryview"),
    (array("f", [1.0]), "not array: frame.with_samples"),
    ([1, 2], "not list"),
    ("AAAA", "not str"),
    (None, "not NoneType"),
    (b"abc", "3 bytes are not a whole number of samples of pcm16 24000 Hz"),
    (bytearray(3), "3 bytes are not a whole number"),
]


@pytest.mark.parametrize(("data", "says"), RUBBISH)
def test_what_is_no_audio_makes_no_frame(data: Any, says: str) -> None:
    with pytest.raises(FormatError, match=says):
        AudioFrame(data=data, format=PCM)
    with pytest.raises(FormatError, match=says):
        FRAME.with_data(data)


@pytest.mark.parametrize("kind", [bytearray, memoryview])
def test_a_buffer_of_bytes_is_kept_as_bytes(kind: Any) -> None:
    buffer = bytearray(b"abcd")
    frame = AudioFrame(data=kind(buffer), format=PCM)
    buffer[:] = b"efgh"
    assert (type(frame.data), frame.data) == (bytes, b"abcd")
    assert FRAME.with_data(kind(b"abcd")).data == b"abcd"


@pytest.mark.parametrize("kind", [np.float64, np.float32, np.int32])
def test_wider_samples_do_not_fit_into_the_moment_of_a_frame(kind: Any) -> None:
    wide = (FRAME.samples * 0.5).astype(kind).tobytes()
    milliseconds = f"{len(wide) / PCM.bytes_per_second * 1000:g}"
    with pytest.raises(FormatError, match=rf"lasts 20 ms, and .* {milliseconds} ms: "):
        FRAME.with_data(wide)


def test_another_rate_may_round_up_and_part_of_a_moment_is_in_it() -> None:
    odd = AudioFormat("pcm16", 11_025)  # 220.5 samples in 20 ms
    assert FRAME.with_data(bytes(442), odd).start == FRAME.start
    assert FRAME.with_data(FRAME.data[:100]).duration == 50 / RATE
    assert FRAME.with_data(b"").size == 0

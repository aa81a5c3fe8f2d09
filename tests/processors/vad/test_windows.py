from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from voxpipe.pipeline import AudioFormat, AudioFrame
from voxpipe.processors.vad.windows import Windows

RATE = 8_000
FORMAT = AudioFormat("pcm16", RATE)


def frame(first: int, count: int, start: float | None = None) -> AudioFrame:
    """Samples that say which they are."""
    samples = np.arange(first, first + count, dtype=np.int16)
    at = first / RATE if start is None else start
    return AudioFrame(data=samples.tobytes(), format=FORMAT, start=at)


@settings(deadline=None)
@given(sizes=st.lists(st.integers(0, 700), min_size=1, max_size=20))
def test_every_sample_is_in_the_window_of_its_place(sizes: list[int]) -> None:
    windows = Windows(frame(0, 1), RATE, 256)
    first, expected = 0, 0
    for size in sizes:
        for begin, end, samples in windows.feed(frame(first, size)):
            assert (begin, end) == (expected, expected + 256)
            assert samples.tolist() == list(range(begin, end))
            expected = end
        first += size
    assert first - expected < 256


def test_a_gap_moves_the_places_behind_it() -> None:
    windows = Windows(frame(0, 1), RATE, 100)
    assert windows.missing(frame(0, 150)) is None
    assert [w[:2] for w in windows.feed(frame(0, 150))] == [(0, 100)]
    late = frame(950, 200)
    assert windows.missing(late) == (100, 950)
    assert [w[:2] for w in windows.feed(late)] == [(950, 1050), (1050, 1150)]
    assert windows.seconds(1_000) == 0.125


def test_rounding_and_repeated_starts_are_no_gaps() -> None:
    windows = Windows(frame(0, 1), RATE, 100)
    for start in (0.0, 0.0125 + 0.009, 0.0):
        assert windows.missing(frame(0, 100, start)) is None
        assert len(list(windows.feed(frame(0, 100, start)))) == 1


def test_what_comes_from_a_resampler_happened_before() -> None:
    windows = Windows(frame(0, 1), 16_000, 160)
    ((begin, end, samples),) = windows.feed(frame(0, 80))
    assert (begin, end) == (-24, 136)  # 12 samples of 8 kHz
    assert len(samples) == 160

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voxpipe.pipeline import AudioFormat, AudioFrame, FormatError, WiringError
from voxpipe.processors.audio import Gain

PCM = AudioFormat("pcm16", 16_000)

samples_lists = st.lists(st.integers(-32768, 32767), max_size=200)


def gained(decibels: float, samples: list[int]) -> list[int]:
    frame = AudioFrame(data=np.array(samples, np.int16).tobytes(), format=PCM)
    (made,) = Gain(decibels).feed(frame)
    return [int(each) for each in made.samples]


@settings(deadline=None)
@given(samples=samples_lists, decibels=st.floats(-96, 96))
def test_it_clips_and_never_wraps(samples: list[int], decibels: float) -> None:
    factor = 10 ** (decibels / 20)
    for made, sample in zip(gained(decibels, samples), samples, strict=True):
        exact = min(max(sample * factor, -32768), 32767)
        assert abs(made - exact) <= 0.5


@settings(deadline=None)
@given(samples=samples_lists, decibels=st.floats(-96, 96), cut=st.integers(0, 200))
def test_cutting_the_stream_differently_changes_nothing(
    samples: list[int], decibels: float, cut: int
) -> None:
    parts = gained(decibels, samples[:cut]) + gained(decibels, samples[cut:])
    assert parts == gained(decibels, samples)


def test_six_decibels_are_about_twice_the_amplitude() -> None:
    assert gained(6.0206, [0, 100, -100, 20_000, -20_000]) == [
        0,
        200,
        -200,
        32767,
        -32768,
    ]


def test_no_gain_passes_frames_untouched() -> None:
    frame = AudioFrame(data=bytes(640), format=PCM)
    assert Gain(0).feed(frame)[0] is frame


def test_stereo_stays_stereo_and_in_its_place() -> None:
    stereo = AudioFormat("pcm16", 16_000, 2)
    data = np.array([[1, 2], [3, 4]], np.int16).tobytes()
    (made,) = Gain(20).feed(AudioFrame(data=data, format=stereo, start=2.5))
    assert made.samples.tolist() == [[10, 20], [30, 40]]
    assert (made.format, made.start) == (stereo, 2.5)


def test_it_takes_samples_only() -> None:
    assert Gain(3).leaves_as(PCM) == PCM
    with pytest.raises(FormatError, match=r"gain takes pcm16: put Decode\(\) in front"):
        Gain(3).leaves_as(AudioFormat("ulaw", 8_000))


@pytest.mark.parametrize(
    "decibels", [math.nan, math.inf, -math.inf, 96.5, -1e9, "loud", None]
)
def test_a_gain_that_is_none_is_refused(decibels: Any) -> None:
    with pytest.raises(WiringError, match="decibels from -96 to 96, not"):
        Gain(decibels)

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voxpipe.pipeline import AudioFormat, AudioFrame, FormatError, Pipeline, WiringError
from voxpipe.pipeline.testing import Probe, Source
from voxpipe.processors.audio import Mono, Stereo

MONO = AudioFormat("pcm16", 16_000)
STEREO = AudioFormat("pcm16", 16_000, 2)

sample = st.integers(-32768, 32767)


def frame(samples: list[int] | list[tuple[int, int]]) -> AudioFrame:
    two = bool(samples) and isinstance(samples[0], tuple)
    data = np.array(samples, np.int16).tobytes()
    return AudioFrame(data=data, format=STEREO if two else MONO, start=3.0)


@settings(deadline=None)
@given(sides=st.lists(st.tuples(sample, sample), min_size=1, max_size=100))
def test_mono_is_the_average_and_never_overflows(sides: list[tuple[int, int]]) -> None:
    (made,) = Mono().feed(frame(sides))
    assert (made.format, made.start) == (MONO, 3.0)
    for middle, (left, right) in zip(made.samples.tolist(), sides, strict=True):
        assert abs(middle - (left + right) / 2) <= 0.5


@settings(deadline=None)
@given(samples=st.lists(sample, min_size=1, max_size=100))
def test_stereo_is_the_same_on_both_sides_and_mono_undoes_it(
    samples: list[int],
) -> None:
    played = frame(samples)
    (both,) = Stereo().feed(played)
    assert both.samples.tolist() == [[each, each] for each in samples]
    assert (both.format, both.start) == (STEREO, 3.0)
    (back,) = Mono().feed(both)
    assert back == played


def test_what_needs_no_change_passes_untouched() -> None:
    one, two = frame([1, 2]), frame([(1, 2)])
    assert Mono().feed(one)[0] is one
    assert Stereo().feed(two)[0] is two
    telephone = AudioFormat("ulaw", 8_000)
    assert Mono().leaves_as(telephone) == telephone


def test_only_samples_can_be_mixed() -> None:
    assert Mono().leaves_as(STEREO) == MONO
    assert Stereo().leaves_as(MONO) == STEREO
    with pytest.raises(FormatError, match=r"to mono takes pcm16: put Decode\(\) in"):
        Mono().leaves_as(AudioFormat("ulaw", 8_000, 2))
    with pytest.raises(FormatError, match=r"stereo takes pcm16: put Decode\(\) in"):
        Stereo().leaves_as(AudioFormat("alaw", 8_000))


async def test_an_input_for_mono_gets_mono_from_a_pipeline() -> None:
    probe, source = Probe(), Source([frame([(4, 8)]), frame([(-1, -3)])])
    source.output.format = STEREO
    probe.input.format = MONO
    await Pipeline(source.output >> Mono() >> probe.input).run()
    assert probe.data == np.array([6, -2], np.int16).tobytes()


@settings(deadline=None)
@given(
    sides=st.lists(st.tuples(sample, sample), min_size=1, max_size=100),
    channel=st.sampled_from([0, 1]),
)
def test_one_side_alone_is_as_loud_as_it_was(
    sides: list[tuple[int, int]], channel: Literal[0, 1]
) -> None:
    (made,) = Mono(channel).feed(frame(sides))
    assert (made.format, made.start) == (MONO, 3.0)
    assert made.samples.tolist() == [both[channel] for both in sides]


@pytest.mark.parametrize("channel", [2, -1, "left", 0.5])
def test_a_channel_that_is_not_there_is_refused(channel: Any) -> None:
    with pytest.raises(WiringError, match="channel is 0 for left or 1 for right, not"):
        Mono(channel)

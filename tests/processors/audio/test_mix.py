from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxpipe.pipeline import (
    AudioFormat,
    AudioFrame,
    FormatError,
    Pipeline,
    Turn,
    WiringError,
)
from voxpipe.pipeline.testing import Probe, Source
from voxpipe.processors.audio import Mix

PCM = AudioFormat("pcm16", 16_000)
STEREO = AudioFormat("pcm16", 16_000, 2)
Samples = list[int]

some_samples = st.lists(st.integers(-32_768, 32_767), min_size=1, max_size=50)


def frame_of(samples: Samples, turn: Turn | None = None) -> AudioFrame:
    data = np.array(samples, np.int16).tobytes()
    return AudioFrame(data=data, format=PCM, start=0.5, turn=turn)


def mixed(mix: Mix, samples: Samples) -> Samples:
    (made,) = mix.feed(frame_of(samples))
    return [int(each) for each in made.samples]


@given(said=some_samples, piece=some_samples)
def test_it_adds_clips_and_begins_again_at_the_end_of_the_piece(
    said: Samples, piece: Samples
) -> None:
    sums = [each + piece[at % len(piece)] for at, each in enumerate(said)]
    exact = [min(max(each, -32_768), 32_767) for each in sums]
    assert mixed(Mix(frame_of(piece), 0), said) == exact


@given(said=some_samples, piece=some_samples, cut=st.integers(0, 50))
def test_the_piece_goes_on_from_frame_to_frame_and_after_a_cut(
    said: Samples, piece: Samples, cut: int
) -> None:
    whole, parts = Mix(frame_of(piece)), Mix(frame_of(piece))
    made = mixed(parts, said[:cut])
    parts.reset()
    assert made + mixed(parts, said[cut:]) == mixed(whole, said)


@given(some_samples)
def test_beside_silence_either_side_is_itself_to_the_bit(samples: Samples) -> None:
    silence = [0] * len(samples)
    assert mixed(Mix(frame_of(silence)), samples) == samples
    assert mixed(Mix(frame_of(samples), 0), silence) == samples


def test_it_is_softer_by_default() -> None:
    assert mixed(Mix(frame_of([8_000])), [0, 100]) == [1_007, 1_107]


def test_both_sides_of_stereo_stay_where_they_are() -> None:
    def pair(left: int, right: int) -> AudioFrame:
        data = np.array([[left, right]] * 2, np.int16).tobytes()
        return AudioFrame(data=data, format=STEREO)

    (made,) = Mix(pair(1, 2), 0).feed(pair(10, 20))
    assert made.samples.tolist() == [[11, 22]] * 2


async def test_what_is_mixed_is_the_same_moment_of_the_same_reply() -> None:
    reply = Turn("r1")
    reply.grow(1.0)
    source, probe = Source([frame_of([1, 2], reply)]), Probe()
    source.output.format = PCM
    await Pipeline(source.output >> Mix(frame_of([5]), 0) >> probe.input).run()
    (frame,) = probe.frames
    assert (frame.turn, frame.start) == (reply, 0.5)
    assert frame.samples.tolist() == [6, 7]


def test_a_piece_in_another_format_is_refused_before_anything_starts() -> None:
    source = Source([])
    source.output.format = AudioFormat("ulaw", 8_000)
    with pytest.raises(
        WiringError,
        match=r"is pcm16 16000 Hz, .*put Decode\(\) >> Resample\(16000\) in front",
    ):
        Pipeline(source.output >> Mix(frame_of([1])) >> Probe().input)


def test_a_piece_that_is_none_is_refused() -> None:
    with pytest.raises(WiringError, match="nothing in the piece"):
        Mix(frame_of([]))
    with pytest.raises(WiringError, match="decibels from -96 to 96"):
        Mix(frame_of([1]), 1_000)
    compressed = AudioFrame(data=b"\x10", format=AudioFormat("ulaw", 8_000))
    with pytest.raises(FormatError, match=r"ulaw 8000 Hz: make it .*Decode\(\)\.feed"):
        Mix(compressed)
    path: Any = "music.wav"
    with pytest.raises(FormatError, match=r"an AudioFrame, not str: .* read_wav\(path"):
        Mix(path)

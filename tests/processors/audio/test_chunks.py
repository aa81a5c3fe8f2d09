from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxpipe.pipeline import (
    AudioFormat,
    AudioFrame,
    Pipeline,
    ReplyEnd,
    Turn,
    WiringError,
)
from voxpipe.pipeline.testing import Probe, Source
from voxpipe.processors.audio import Chunks

PCM = AudioFormat("pcm16", 8_000)
ULAW = AudioFormat("ulaw", 8_000)
NOISE = np.random.default_rng(1).integers(0, 256, 4_000, np.uint8).tobytes()


def cut(format: AudioFormat, sizes: list[int], start: float) -> list[AudioFrame]:
    """The noise in frames of so many samples."""
    frames: list[AudioFrame] = []
    at = 0
    for size in sizes:
        length = size * format.sample_bytes
        frames.append(
            AudioFrame(
                data=NOISE[at : at + length],
                format=format,
                start=start + at / format.bytes_per_second,
            )
        )
        at += length
    return frames


@given(
    sizes=st.lists(st.integers(0, 400), max_size=5),
    format=st.sampled_from([PCM, ULAW]),
    start=st.sampled_from([0.0, 7.5]),
    seconds=st.floats(1e-6, 0.1),
)
def test_every_frame_has_the_length_but_the_last_and_no_sample_is_lost(
    sizes: list[int], format: AudioFormat, start: float, seconds: float
) -> None:
    box, given_frames = Chunks(seconds), cut(format, sizes, start)
    made = [out for frame in given_frames for out in box.feed(frame)]
    size = max(round(seconds * 8_000), 1) * format.sample_bytes
    assert {len(each.data) for each in made} <= {size}
    made += box.flush()
    assert all(len(each.data) <= size for each in made)
    assert b"".join(f.data for f in made) == b"".join(f.data for f in given_frames)
    for each in made[:1]:
        assert each.start == start
    for one, next_one in pairwise(made):
        assert next_one.start == pytest.approx(one.start + one.duration, abs=1e-9)
    assert box.flush() == ()


def test_what_has_the_length_passes_untouched() -> None:
    (frame,) = cut(ULAW, [160], 1.0)
    assert next(iter(Chunks(0.02).feed(frame))) is frame


def test_audio_that_was_missing_is_not_counted() -> None:
    box = Chunks(0.02)
    before, after = cut(ULAW, [100], 0.0)[0], cut(ULAW, [300], 5.0)[0]
    made = [*box.feed(before), *box.feed(after), *box.flush()]
    assert [len(each.data) for each in made] == [160, 160, 80]
    assert [each.start for each in made] == pytest.approx([0.0, 5.0075, 5.0275])


async def test_a_reply_ends_before_its_end_and_the_next_begins_anew() -> None:
    one, other = Turn("one"), Turn("other")
    probe = Probe()
    said = [
        AudioFrame(data=NOISE[:2_000], format=ULAW, turn=one),
        ReplyEnd(turn=one),
        AudioFrame(data=NOISE[:1_000], format=ULAW, turn=other),
        ReplyEnd(turn=other),
    ]
    await Pipeline(Source(said).output >> Chunks(0.2) >> probe.input).run()
    lengths = [getattr(each, "size", each.turn) for each in probe.frames]
    assert lengths == [1_600, 400, one, 1_000, other]
    assert {each.turn for each in probe.frames[:2]} == {one}


async def test_the_rest_of_a_reply_that_was_cut_does_not_sound_in_the_next() -> None:
    one, other = Turn("one"), Turn("other")
    box, probe = Chunks(0.02), Probe()

    class Said(Source):
        async def run(self) -> None:
            await self.output.send(AudioFrame(data=NOISE[:100], format=ULAW, turn=one))
            one.cut()
            await super().run()

    said = Said([AudioFrame(data=NOISE[1_000:1_160], format=ULAW, turn=other)])
    await Pipeline(said.output >> box >> probe.input).run()
    assert probe.data == NOISE[1_000:1_160]


@pytest.mark.parametrize("seconds", [0, -0.02, 20, float("nan")])
def test_other_lengths_are_mistakes(seconds: Any) -> None:
    with pytest.raises(WiringError, match="a chunk lasts up to 1 s"):
        Chunks(seconds)

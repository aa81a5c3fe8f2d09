"""The end of a branch checks the format that really arrives."""

from __future__ import annotations

import pytest

from voxpipe.pipeline import AudioFormat, AudioFrame, FormatError, Pipeline, Text
from voxpipe.pipeline.testing import Probe, Source

from .boxes import PCM_8K, PCM_16K, PCM_24K, Gain, Voice


async def test_sound_that_is_made_of_words_is_checked_when_it_arrives() -> None:
    source, probe = Source([Text(text="a")]), Probe()
    probe.input.format = PCM_24K
    pipeline = Pipeline(source.output >> Voice(PCM_16K) >> Gain() >> probe.input)
    with pytest.raises(FormatError) as caught:
        await pipeline.run()
    assert str(caught.value) == (
        "gain is pcm16 16000 Hz, probe.input takes pcm16 24000 Hz: put Resample(24000) "
        "between gain and probe.input"
    )


async def test_sound_of_the_right_format_passes() -> None:
    source, probe = Source([Text(text="a")] * 3), Probe()
    probe.input.format = AudioFormat("pcm16", 16_000)  # equal, not the same
    await Pipeline(source.output >> Voice(PCM_16K) >> probe.input).run()
    assert [frame.format for frame in probe.frames] == [PCM_16K] * 3


async def test_a_box_that_changes_its_format_midway_is_found_out() -> None:
    class Moody(Voice):
        def feed(self, frame: Text) -> tuple[AudioFrame]:
            self.format = PCM_8K if frame.text == "low" else PCM_16K
            (made,) = super().feed(frame)
            return (made,)

    source, probe = Source([Text(text="high"), Text(text="low")]), Probe()
    pipeline = Pipeline(source.output >> Moody() >> probe.input)
    with pytest.raises(FormatError) as caught:
        await pipeline.run()
    assert str(caught.value) == (
        "moody gives pcm16 16000 Hz, and now pcm16 8000 Hz: a format does not change "
        "during a session"
    )

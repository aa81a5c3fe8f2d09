"""An interpreter at a telephone: frames without a turn cross a carrier, too."""

from __future__ import annotations

import pytest

from voxpipe.pipeline import AudioFormat, AudioFrame, Pipeline
from voxpipe.pipeline.testing import run_virtual
from voxpipe.processors.audio import Decode, Encode, Resample
from voxpipe.processors.realtime import Translate
from voxpipe.transports.telephony import Call
from voxpipe.transports.telephony.testing import Measurements, answered

from .desk import GOOD_EVENING, interpreter, seconds_of

PCM_8K = AudioFormat("pcm16", 8_000)


async def answer(call: Call) -> None:
    """Say to callers what they have said, in another language."""
    async with interpreter() as session:
        translate = Translate(session)
        pipeline = Pipeline(
            call.heard >> Decode() >> Resample(24_000) >> translate.hears,
            translate.says >> Resample(8_000) >> Encode("ulaw") >> call.speaks,
        )
        await pipeline.run()


async def conversation() -> tuple[float, Measurements]:
    """Say one thing, and listen."""
    hum = AudioFrame(data=GOOD_EVENING, format=AudioFormat("pcm16", 24_000))
    async with answered(answer) as caller:
        await caller.say(AudioFrame(data=hum.samples[::3].tobytes(), format=PCM_8K))
        heard = (await caller.listen()).duration
    return heard, caller.measured


def test_a_caller_hears_the_translation_and_nothing_runs_dry() -> None:
    heard, measured = run_virtual(conversation)
    assert heard == pytest.approx(seconds_of(GOOD_EVENING), abs=0.03)
    assert measured.underruns == 0
    assert measured.violation_count == 0

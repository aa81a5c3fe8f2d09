"""A model on the phones of those carriers that stream in a format of its own.

The agent is the example's, as it stands: `open_session(audio=call.format)`.
"""

from __future__ import annotations

import functools

import pytest

from examples.phone_agent import PCM_24K, SCRIPT, VOICE, answer
from voxpipe.pipeline import AudioFormat, AudioFrame
from voxpipe.pipeline.testing import run_virtual
from voxpipe.simulator import simulated
from voxpipe.transports.telephony.testing import Caller, Speech, answered

from .table import WIRES

OF_MODELS = (AudioFormat("ulaw", 8_000), AudioFormat("alaw", 8_000), PCM_24K)


@pytest.mark.parametrize(
    "name", [name for name, words in WIRES.items() if words().format in OF_MODELS]
)
def test_the_example_s_agent_answers_and_hangs_up(name: str) -> None:
    words = WIRES[name]()

    def spoken(text: str) -> Speech:
        pcm = AudioFrame(data=VOICE.speak(text, "alloy", 1.0), format=PCM_24K)
        if words.format == PCM_24K:
            return Speech.of(pcm, PCM_24K)
        narrow = AudioFrame.of(pcm.samples[::3], 8_000)
        return Speech.of(narrow, words.format)

    async def scene() -> Caller:
        app = functools.partial(answer, connect=simulated(SCRIPT, VOICE))
        async with answered(app, carrier=words) as caller:
            assert (await caller.listen()).duration > 0.5
            for text in ("When does the R 7 leave?", "Thank you, goodbye."):
                await caller.say(spoken(text))
                assert (await caller.listen()).duration > 0.5
            await caller.wait_closed()
        return caller

    caller = run_virtual(scene)
    assert caller.ended == "agent"
    assert caller.measured.violation_count == caller.measured.underruns == 0

"""A whole conversation as a unit test: no key, no network, no waiting.

The simulator runs in memory and trio's clock jumps, so what takes ten seconds to say is
tested in a fraction of one. Run it with `pytest examples/test_conversation.py`.
"""

from __future__ import annotations

import json

import anyio

from voxpipe.pipeline import AudioFormat, Pipeline
from voxpipe.pipeline.testing import Probe, run_virtual
from voxpipe.processors.realtime import Realtime, open_session
from voxpipe.processors.tools import ToolRouter, tool
from voxpipe.simulator import (
    CallTool,
    Line,
    Script,
    ToneVoice,
    simulated,
)
from voxpipe.transports import MemoryPhone

VOICE = ToneVoice()
QUESTION = VOICE.speak("When does my train leave?", "alloy", 1.0)  # sounds like speech
SCRIPT = Script(
    replies=[
        Line(
            heard="When does my train leave?",
            calls=[CallTool(name="departure", arguments={"train": "R 7"})],
        ),
        Line(say="It leaves at {result}, from platform four, in the new hall."),
    ]
)


@tool
async def departure(train: str) -> str:
    """Tell when a train leaves."""
    return "twenty past eight"


async def ask_and_interrupt() -> tuple[float, list[str]]:
    """Ask, interrupt the answer after a second; seconds and words that were heard."""
    tools = ToolRouter([departure])
    phone = MemoryPhone(AudioFormat("pcm16", 24_000), background="silence")
    transcripts = Probe()
    async with open_session(
        tools=tools.schemas, connect=simulated(SCRIPT, VOICE)
    ) as session:
        model = Realtime(session)
        pipeline = Pipeline(
            phone.heard >> model.hears,
            model.says >> phone.speaks,
            model.calls >> tools.calls,
            tools.results >> model.results,
            model.transcripts >> transcripts.input,
        )
        heard = 0.0
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(pipeline.run)
            await phone.play(QUESTION)
            while heard < 1.0:
                heard += (await phone.listen()).duration
            model.interrupt()
            await anyio.sleep(1)  # virtual: nothing more may be heard
            phone.hang_up()
    words = [each.played for each in transcripts.frames if each.played is not None]
    return heard, words


def test_an_interrupted_answer_is_cut_where_it_was_heard() -> None:
    """What the model remembers of its answer is what the caller has heard of it."""
    heard, words = run_virtual(ask_and_interrupt)
    assert 1.0 <= heard < 1.3
    assert words == ["It leaves at twenty"]


if __name__ == "__main__":
    print(json.dumps(run_virtual(ask_and_interrupt)))

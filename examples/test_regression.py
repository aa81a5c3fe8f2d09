"""A conversation that stays as it was: recorded once, checked in every test run.

The cassette beside this file is a call with a model that asks a tool. It is replayed
without key or network, in no time. With a key this records it again, with the model::

    pytest --record-realtime examples/test_regression.py

and this does it with the simulator, as was done here::

    voxpipe simulate examples/train.yaml
    export OPENAI_BASE_URL=http://127.0.0.1:8081/v1 OPENAI_API_KEY=sk-simulated
    pytest --record-realtime examples/test_regression.py
"""

from __future__ import annotations

from anyio import create_task_group, move_on_after

from voxpipe.pipeline import AudioFormat, Pipeline, Transcript
from voxpipe.pipeline.testing import Probe
from voxpipe.processors.realtime import Connect, Realtime, open_session
from voxpipe.processors.tools import ToolRouter, tool
from voxpipe.pytest_plugin import RealtimeCassette
from voxpipe.simulator import ToneVoice
from voxpipe.transports import MemoryPhone

QUESTION = ToneVoice().speak("When does my train leave?", "alloy", 1.0)
INSTRUCTIONS = "You tell people when their trains leave. Be brief."


@tool
async def departure(train: str) -> str:
    """Tell when a train leaves."""
    return "twenty past eight"


async def call(connect: Connect) -> list[str]:
    """Somebody asks, hears the answer, and hangs up; what the agent said."""
    tools = ToolRouter([departure])
    phone = MemoryPhone(AudioFormat("pcm16", 24_000), background="silence")
    transcripts = Probe()
    async with open_session(
        instructions=INSTRUCTIONS, tools=tools.schemas, connect=connect
    ) as session:
        model = Realtime(session)
        pipeline = Pipeline(
            phone.heard >> model.hears,
            model.says >> phone.speaks,
            model.calls >> tools.calls,
            tools.results >> model.results,
            model.transcripts >> transcripts.input,
        )
        async with create_task_group() as tasks:
            tasks.start_soon(pipeline.run)
            await phone.play(QUESTION)
            heard, silent = 0.0, False
            while not (heard and silent):
                with move_on_after(3) as patience:
                    heard += (await phone.listen()).duration
                silent = patience.cancelled_caught
            phone.hang_up()
    told: list[Transcript] = transcripts.frames
    return [each.text for each in told if each.final and each.speaker == "agent"]


def test_the_call_is_as_it_was(realtime_cassette: RealtimeCassette) -> None:
    """The settings, the tool's result and every order are those of the recording."""
    assert realtime_cassette.run(call, realtime_cassette)

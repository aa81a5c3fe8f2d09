"""A phone agent with a tool, and its test: a whole phone call without a phone.

Serve it, and give Twilio the address that is printed:

    voxpipe serve examples.phone_agent:answer --simulator
    voxpipe serve examples.phone_agent:answer --public-url https://calls.example.com

The test below calls it over Twilio's own protocol in memory, in virtual time, and
hangs up after the goodbye: `pytest examples/phone_agent.py`.
"""

from __future__ import annotations

import functools
from typing import Any

from voxpipe.pipeline import AudioFormat, AudioFrame, Pipeline
from voxpipe.pipeline.testing import run_virtual
from voxpipe.processors.realtime import Realtime, open_session
from voxpipe.processors.tools import ToolRouter, tool
from voxpipe.simulator import CallTool, Line, Script, ToneVoice, simulated
from voxpipe.transports.telephony import App, Call
from voxpipe.transports.telephony.testing import Measurements, answered


@tool
async def departure(train: str) -> str:
    """Tell when a train leaves."""
    return "twenty past eight"


async def answer(call: Call, **session_options: Any) -> None:
    """Greet the caller, tell them about trains, and hang up when they are done."""

    @tool(reply="if_silent")  # one goodbye: before the call, or after it
    async def hang_up() -> str:
        """End the call when the caller has said goodbye."""
        call.hang_up()  # after the last word was heard
        return "done"

    tools = ToolRouter([departure, hang_up])
    async with open_session(
        instructions="You are the time-table of a small railway. Be brief.",
        audio=call.format,  # G.711 goes straight through
        tools=tools.schemas,
        **session_options,
    ) as session:
        model = Realtime(session)
        pipeline = Pipeline(
            call.heard >> model.hears,
            model.says >> call.speaks,
            model.calls >> tools.calls,
            tools.results >> model.results,
            model.usage >> call.charges,
        )
        model.say("Railway information, good morning.")
        await pipeline.run()


# --- its test: the caller's words are in the script, what is said sounds like speech

VOICE = ToneVoice()
PCM_24K, PCM_8K = AudioFormat("pcm16", 24_000), AudioFormat("pcm16", 8_000)
SCRIPT = Script(
    replies=[  # to the caller; what the program itself has said is not in here
        Line(
            heard="When does the R 7 leave?",
            calls=[CallTool(name="departure", arguments={"train": "R 7"})],
        ),
        Line(say="At {result}."),
        Line(
            heard="Thank you, goodbye.", calls=[CallTool(name="hang_up", arguments={})]
        ),
        Line(say="Have a good journey."),
    ]
)


def speech(words: str) -> AudioFrame:
    """What a caller says, as a telephone carries it."""
    pcm = AudioFrame(data=VOICE.speak(words, "alloy", 1.0), format=PCM_24K)
    return AudioFrame(data=pcm.samples[::3].tobytes(), format=PCM_8K)  # it only hums


async def call_and_say_goodbye(app: App) -> tuple[list[float], Measurements]:
    """Ask and thank; seconds that were heard of each answer, and what was measured."""
    heard: list[float] = []
    async with answered(app) as caller:
        heard.append((await caller.listen()).duration)
        for words in ("When does the R 7 leave?", "Thank you, goodbye."):
            await caller.say(speech(words))
            heard.append((await caller.listen()).duration)
        await caller.wait_closed()  # the agent hangs up
    return heard, caller.measured


def test_the_agent_greets_answers_and_hangs_up_after_the_last_word() -> None:
    """Ten seconds of telephone in one."""
    app = functools.partial(answer, connect=simulated(SCRIPT, VOICE))
    heard, measured = run_virtual(call_and_say_goodbye, app)
    assert len(heard) == 3
    assert min(heard) > 0.5
    assert measured.underruns == 0

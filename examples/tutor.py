"""A tutor on the telephone that hands hard questions over to a text model.

The voice answers what is easy at once. For what needs a long thought it has a tool that
asks a text model over the Responses API; meanwhile it says that it thinks, and the
learner can go on talking.

It needs the official SDK (`pip install openai`). Serve it, and give Twilio the address
that is printed:

    voxpipe serve examples.tutor:answer --public-url https://calls.example.com

Run as a program, it is called by a simulated learner; both models are simulated too.
"""

from __future__ import annotations

import functools
import os
from typing import Any

import anyio
from openai import APIError, AsyncOpenAI
from pydantic import SecretStr

from voxpipe.pipeline import AudioFormat, AudioFrame, Pipeline
from voxpipe.processors.realtime import Realtime, Service, open_session
from voxpipe.processors.tools import Filler, Tool, ToolRouter, Unavailable, tool
from voxpipe.simulator import (
    CallTool,
    Line,
    Script,
    Simulator,
    Timing,
    ToneVoice,
    Written,
)
from voxpipe.transports.telephony import Call
from voxpipe.transports.telephony.testing import answered

THINKER = "gpt-5.5"
INSTRUCTIONS = """
You are a patient tutor of mathematics on the telephone. Answer easy questions yourself.
For everything that takes more than two steps, call think_hard, and explain its answer
in your own words, in three sentences at most.
"""
GREETING = "Hello. What are we calculating today?"
TO_THE_THINKER = "Answer in plain words that can be read aloud: no formulas, no lists."


def thinker(client: AsyncOpenAI) -> Tool[..., Any]:
    """The tool that asks a text model."""

    @tool(timeout=90, filler=Filler("Let me think about that.", after=1.0))
    async def think_hard(question: str) -> str:
        """Work out a hard question, step by step.

        Args:
            question: with all that is needed to answer it, for whoever answers has not
                heard the conversation.
        """
        try:
            response = await client.responses.create(
                model=THINKER,
                instructions=TO_THE_THINKER,
                input=question,
                reasoning={"effort": "high"},
                store=False,
            )
        except APIError:  # whose text can hold the key, and the voice would say it
            raise Unavailable("the text model cannot be reached just now") from None
        if response.status != "completed":
            raise Unavailable("the text model has not found an answer")
        return response.output_text

    return think_hard


async def answer(
    call: Call, *, key: SecretStr | None = None, base_url: str | None = None
) -> None:
    """Teach whoever calls, until they have no more questions."""

    @tool(reply="if_silent")  # one goodbye: before the call, or after it
    async def hang_up() -> str:
        """End the lesson when the learner has no more questions."""
        call.hang_up()  # after the last word was heard
        return "done"

    key = key or SecretStr(os.environ["OPENAI_API_KEY"])
    async with AsyncOpenAI(api_key=key.get_secret_value(), base_url=base_url) as client:
        tools = ToolRouter([thinker(client), hang_up])
        async with open_session(
            instructions=INSTRUCTIONS,
            audio=call.format,
            tools=tools.schemas,
            reasoning="minimal",  # the long thoughts are the text model's
            service=Service(api_key=key, base_url=base_url),
        ) as session:
            model = Realtime(session)
            pipeline = Pipeline(
                call.heard >> model.hears,
                model.says >> call.speaks,
                model.calls >> tools.calls,
                tools.results >> model.results,
            )
            model.say(GREETING)
            await pipeline.run()
            for entry in model.history:
                if entry.role != "system":
                    print(f"{entry.role:>6}  {entry.text}")


# --- a learner, and both models: what they say is in the script

VOICE = ToneVoice()
QUESTION = "Is 3599 a prime number?"
SCRIPT = Script(
    replies=[
        Line(
            heard=QUESTION,
            calls=[CallTool(name="think_hard", arguments={"question": QUESTION})],
        ),
        Line(say="It is not. {result}", calls=[CallTool(name="hang_up")]),
    ],
    written=[
        Written(
            text="3599", say="It is 59 times 61.", reasoning_tokens=640, wait_ms=300
        )
    ],
    timing=Timing(first_audio_ms=50, first_text_ms=20),
)


def speech(words: str) -> AudioFrame:
    """What a caller says, as a telephone carries it."""
    wide = AudioFormat("pcm16", 24_000)
    pcm = AudioFrame(data=VOICE.speak(words, "alloy", 1.0), format=wide)
    narrow = AudioFormat("pcm16", 8_000)
    return AudioFrame(data=pcm.samples[::3].tobytes(), format=narrow)


async def learn(script: Script = SCRIPT) -> float:
    """Ask a hard question; seconds that were heard of the answer."""
    key = SecretStr("sk-simulated")
    async with Simulator(script, VOICE) as simulator:
        app = functools.partial(answer, key=key, base_url=simulator.url)
        async with answered(app) as learner:
            await learner.listen()  # before it, nobody would have heard the question
            await learner.say(speech(QUESTION))
            await learner.wait_closed()  # the tutor hangs up, after the last word
            return (await learner.listen()).duration


if __name__ == "__main__":
    print(f"heard {anyio.run(learn):.1f} s")

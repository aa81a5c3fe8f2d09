"""A telephone call over SIP: announced by webhook, accepted, and steered from here.

OpenAI carries the call, so no audio passes through this program: a SIP trunk points at
``sip:$PROJECT_ID@sip.api.openai.com;transport=tls``, a webhook of the project at this
server. Then:

    OPENAI_API_KEY=… OPENAI_WEBHOOK_SECRET=whsec_… python examples/sip_call.py

The test below calls it at the simulator, which rings, speaks and listens as a caller
does: `pytest examples/sip_call.py`. Needs `pip install 'voxpipe[rest]'`.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import anyio

from voxpipe.pipeline import AudioFormat, AudioFrame, Dtmf, Input, Pipeline, Processor
from voxpipe.processors.realtime import Realtime, Service, Settings, open_session
from voxpipe.processors.realtime.rest import Rest, open_rest
from voxpipe.processors.tools import ToolRouter, tool
from voxpipe.simulator import CallTool, Line, Script, Simulator, ToneVoice
from voxpipe.transports.serving import Server
from voxpipe.transports.telephony.sip import IncomingCall, SipEndpoint

OPERATOR = "tel:+4930123456"


class Keypad(Processor):
    """Zero is for a human."""

    keys = Input[Dtmf]()

    def __init__(self, operator: Callable[[], Awaitable[object]]) -> None:
        self._operator = operator

    async def run(self) -> None:
        """Until the call is over."""
        async for key in self.keys:
            if key.digit == "0":
                await self._operator()


@tool
async def departure(train: str) -> str:
    """Tell when a train leaves."""
    return "twenty past eight"


async def answer(service: Service, rest: Rest, call: IncomingCall) -> None:
    """Greet the caller, tell them about trains, and hang up when they are done."""
    goodbye = anyio.Event()

    @tool
    async def hang_up() -> str:
        """End the call when the caller has said goodbye."""
        goodbye.set()
        return "done"

    if call.caller == "anonymous":
        await rest.reject(call.id)
        return
    tools = ToolRouter([departure, hang_up])
    settings = Settings(
        instructions="You are the time-table of a small railway. Be brief.",
        tools=tools.schemas,
    )
    await rest.accept(call.id, settings)
    async with open_session(call_id=call.id, service=service) as session:
        model = Realtime(session)
        keypad = Keypad(partial(rest.refer, call.id, OPERATOR))
        pipeline = Pipeline(
            model.calls >> tools.calls,
            tools.results >> model.results,
            model.pressed >> keypad.keys,
        )

        async def leave() -> None:
            await goodbye.wait()
            await model.say("Have a good journey.").turn.over()  # it was heard
            await rest.hang_up(call.id)

        model.say("Railway information, good morning.")
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(leave)
            await pipeline.run()  # until somebody hangs up, or passes the call on
            tasks.cancel_scope.cancel()


async def main() -> None:
    """Serve until it is stopped; TLS is for the proxy or the tunnel in front."""
    secret = os.environ["OPENAI_WEBHOOK_SECRET"]
    async with (
        open_rest() as rest,
        SipEndpoint(partial(answer, Service(), rest), secret) as sip,
        Server(sip, host="0.0.0.0", port=8080),
    ):
        await anyio.sleep_forever()


# --- its test: the caller's words are in the script, what is said sounds like speech

SECRET = "whsec_c2ltdWxhdGVk"
SCRIPT = Script(
    replies=[
        Line(
            heard="When does the R 7 leave?",
            calls=[CallTool(name="departure", arguments={"train": "R 7"})],
        ),
        Line(say="At {result}."),
        Line(heard="Thank you, bye.", calls=[CallTool(name="hang_up", arguments={})]),
    ]
)
VOICE = ToneVoice()


def speech(words: str) -> AudioFrame:
    """What a caller says, and half a second of silence, in which they are answered."""
    sound = VOICE.speak(words, "alloy", 1.0) + bytes(24_000)
    return AudioFrame(data=sound, format=AudioFormat("pcm16", 24_000))


async def called(plot: Callable[[Any], Awaitable[None]]) -> str:
    """Have a caller ring here, who then does as told; who has ended the call."""
    async with Simulator(SCRIPT, VOICE) as simulator:
        service = Service(api_key="sk-simulated", base_url=simulator.url)
        async with (
            open_rest(service=service) as rest,
            SipEndpoint(partial(answer, service, rest), SECRET) as sip,
            Server(sip) as server,
            simulator.incoming_call(
                webhook_url=f"{server.url}/openai/webhook", secret=SECRET
            ) as caller,
        ):
            with anyio.fail_after(30):
                await caller.answered()
                await plot(caller)
                how = await caller.over()
            return f"{how} {caller.referred_to or ''}".strip()


def test_the_caller_is_told_and_the_agent_hangs_up_after_its_last_word() -> None:
    """A whole call, in real time."""

    async def plot(caller: Any) -> None:
        heard = [await caller.listen()]
        await caller.say(speech("When does the R 7 leave?"))
        heard.append(await caller.listen())
        await caller.say(speech("Thank you, bye."))
        heard.append(await caller.listen())
        assert not any(reply.cut for reply in heard)
        assert min(reply.audio.duration for reply in heard) > 0.5

    assert anyio.run(called, plot) == "app"


def test_zero_is_for_a_human() -> None:
    """The caller presses a key after the greeting."""

    async def plot(caller: Any) -> None:
        await caller.listen()
        await caller.press("0")

    assert anyio.run(called, plot) == f"referral {OPERATOR}"


if __name__ == "__main__":
    anyio.run(main)

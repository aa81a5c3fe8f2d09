"""Customer support by telephone: tools that take time, and two kinds of approval.

Serve it, and give Twilio the address that is printed:

    voxpipe serve examples.customer_support:answer --simulator
    voxpipe serve examples.customer_support:answer --public-url https://calls.example.com

A refund needs a colleague's word, which may take minutes; meanwhile the caller is kept
company. A cancellation needs the caller's own, given aloud. The test below calls about
a late parcel: `pytest examples/customer_support.py`.
"""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable
from typing import Any

import anyio

from voxpipe.pipeline import AudioFormat, AudioFrame, Pipeline
from voxpipe.pipeline.testing import run_virtual
from voxpipe.processors.realtime import Realtime, open_session
from voxpipe.processors.tools import (
    ByVoice,
    Filler,
    Progress,
    Proposal,
    Refused,
    ToolRouter,
    tool,
)
from voxpipe.simulator import CallTool, Line, Script, ToneVoice, simulated
from voxpipe.transports.telephony import App, Call
from voxpipe.transports.telephony.testing import answered

INSTRUCTIONS = """You help the customers of a small shop. Be brief and kind. Find the
order before you do anything with it. Never promise a refund that was not approved."""

Colleague = Callable[[Proposal], Awaitable[bool]]
"""Whoever decides about money: a chat, a queue, a button on somebody's desk."""


async def nobody(proposal: Proposal) -> bool:
    """The colleague of a shop that has none."""
    raise Refused("nobody is at the desk now; offer to call back")


@tool(timeout=60, on_interruption="detach")
async def find_parcel(order: str, progress: Progress) -> dict[str, str]:
    """Ask the carrier where a parcel is; this takes a while."""
    progress("the carrier is being asked")
    await anyio.sleep(6)  # the carrier's system is slow
    return {"order": order, "state": "lost", "price": "40 euros"}


@tool(approval=ByVoice("May I cancel the order for you?"))
async def cancel_order(order: str) -> str:
    """Cancel an order."""
    return f"order {order} is cancelled"


async def answer(
    call: Call, colleague: Colleague = nobody, **session_options: Any
) -> None:
    """Help one caller, until they hang up."""

    @tool(approval=colleague, filler=Filler("I am asking my colleague.", every=10))
    async def refund(order: str, euros: int) -> str:
        """Give money back."""
        return f"{euros} euros are on their way"

    tools = ToolRouter([find_parcel, cancel_order, refund])
    async with open_session(
        instructions=INSTRUCTIONS,
        audio=call.format,  # G.711 goes straight through
        tools=tools.schemas,
        **session_options,
    ) as session:
        model = Realtime(session)
        pipeline = Pipeline(
            call.heard >> model.hears,
            model.says >> call.speaks,
            model.calls >> tools.calls,
            model.interruptions >> tools.interruptions,
            model.transcripts >> tools.words,
            call.pressed >> tools.keys,
            tools.results >> model.results,
            model.usage >> call.charges,
        )
        model.say("Hello, how can I help?")
        await pipeline.run()


# --- its test: the caller's words are in the script, what is said sounds like speech

VOICE = ToneVoice()
PCM_24K, PCM_8K = AudioFormat("pcm16", 24_000), AudioFormat("pcm16", 8_000)
ORDER = {"order": "17"}
AGREED = {"request": "approval_1", "agreed": True}
SCRIPT = Script(
    replies=[
        Line(
            heard="Where is my parcel?",
            calls=[CallTool(name="find_parcel", arguments=ORDER)],
        ),
        Line(say="I am asking the carrier."),  # the tool has reported
        Line(say="I am sorry, it is {result.state}. Would you like a refund?"),
        Line(
            heard="Yes, please.",
            calls=[CallTool(name="refund", arguments={**ORDER, "euros": 40})],
        ),
        Line(say="Good news: {result}."),
        Line(
            heard="And cancel the order.",
            calls=[CallTool(name="cancel_order", arguments=ORDER)],
        ),
        Line(say="May I cancel the order for you?"),
        Line(
            heard="You may.", calls=[CallTool(name="answer_approval", arguments=AGREED)]
        ),
        Line(say="Done: {result}."),
    ]
)


def speech(words: str) -> AudioFrame:
    """What a caller says, as a telephone carries it."""
    pcm = AudioFrame(data=VOICE.speak(words, "alloy", 1.0), format=PCM_24K)
    return AudioFrame(data=pcm.samples[::3].tobytes(), format=PCM_8K)  # it only hums


async def complain(app: App) -> list[float]:
    """Ask for the parcel, the money, and an end; seconds heard of each reply."""
    heard: list[float] = []
    async with answered(app) as caller:

        async def listen(replies: int) -> None:
            heard.extend([(await caller.listen()).duration for _ in range(replies)])

        await listen(1)  # the greeting
        await caller.say(speech("Where is my parcel?"))
        await listen(2)  # the carrier is asked; it is lost
        await caller.say(speech("Yes, please."))
        await listen(3)  # twice they are told to wait, then there is news
        await caller.say(speech("And cancel the order."))
        await listen(1)
        await caller.say(speech("You may."))
        await listen(1)
    return heard


def test_a_caller_gets_their_money_when_a_colleague_agrees() -> None:
    """Three quarters of a minute in a few seconds."""
    asked: list[tuple[str, dict[str, Any]]] = []

    async def colleague(proposal: Proposal) -> bool:
        asked.append((proposal.tool, dict(proposal.arguments)))
        await anyio.sleep(24)  # virtual
        return True

    app = functools.partial(
        answer, colleague=colleague, connect=simulated(SCRIPT, VOICE)
    )
    heard = run_virtual(complain, app)
    assert asked == [("refund", {"order": "17", "euros": 40})]
    assert len(heard) == 8
    assert min(heard) > 0.3

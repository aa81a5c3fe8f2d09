"""Customer support whose tools are the service's business: a hosted MCP server.

OpenAI itself asks the shop's server which tools it has, and calls them. What only reads
is called at once. A refund waits until the caller has agreed in their own words, and it
is not the model that judges these: nothing can talk it into agreeing for them. Serve
it, and give Twilio the address that is printed:

    voxpipe serve examples.customer_support_mcp:answer --public-url https://example.com

SHOP_MCP_URL says where the server is, SHOP_MCP_TOKEN lets in. The test below needs
neither: `pytest examples/customer_support_mcp.py`.
"""

from __future__ import annotations

import functools
import os
from typing import Any

from pydantic import SecretStr

from voxpipe.pipeline import AudioFormat, AudioFrame, Pipeline
from voxpipe.pipeline.testing import Probe, run_virtual
from voxpipe.processors.realtime import Realtime, open_session
from voxpipe.processors.realtime.hosted_mcp import (
    HostedMcp,
    McpApproval,
    McpApprovalRule,
    McpCall,
    McpFilter,
    VoiceApprovals,
)
from voxpipe.simulator import (
    CallTool,
    Line,
    McpTool,
    McpTools,
    Script,
    ToneVoice,
    When,
    simulated,
)
from voxpipe.transports.telephony import App, Call
from voxpipe.transports.telephony.testing import answered

INSTRUCTIONS = """You help the customers of a small shop. Be brief and kind. Find the
order before you do anything with it."""


def shop() -> HostedMcp:
    """The shop's server, of which three tools are offered to the model."""
    return HostedMcp(
        label="shop",
        url=os.environ.get("SHOP_MCP_URL", "https://shop.example/mcp"),
        authorization=SecretStr(os.environ.get("SHOP_MCP_TOKEN", "")) or None,
        allowed_tools=["find_order", "track_parcel", "refund"],
        require_approval=McpApprovalRule(never=McpFilter(read_only=True)),
        description="Orders, parcels and refunds of the shop.",
    )


def question(request: McpApproval) -> str:
    """What the model is to ask before a tool is called."""
    return (
        "Ask the caller in one sentence whether they want this now, yes or no: "
        f"{request.tool} with {request.arguments}. Only ask."
    )


async def answer(
    call: Call, *, watch: Probe | None = None, **session_options: Any
) -> None:
    """Help one caller, until they hang up."""
    async with open_session(
        instructions=INSTRUCTIONS,
        audio=call.format,  # G.711 goes straight through
        mcp=[shop()],
        **session_options,
    ) as session:
        model = Realtime(session)
        approvals = VoiceApprovals(model, question=question)
        routes = [
            call.heard >> model.hears,
            model.says >> call.speaks,
            model.mcp >> approvals.requests,
            model.transcripts >> approvals.words,
            approvals.decisions >> model.results,
            model.usage >> call.charges,
        ]
        if watch is not None:
            routes.append(model.mcp >> watch.input)
        model.say("Hello, how can I help?")
        await Pipeline(*routes).run()


# --- its test: the caller's words are in the script, and so is the shop's server

VOICE = ToneVoice()
PCM_24K, PCM_8K = AudioFormat("pcm16", 24_000), AudioFormat("pcm16", 8_000)
SERVER = McpTools(
    label="shop",
    tools=[
        McpTool(name="find_order", read_only=True, gives={"price": "40 euros"}),
        McpTool(name="refund", gives="40 euros are on their way"),
        McpTool(name="delete_customer", gives="deleted"),  # is not offered
    ],
)


def script(agreed: str) -> Script:
    """A caller who wants their money back, and says this when they are asked."""
    order = {"order": "17"}
    return Script(
        when=[When(instructions="Ask the caller", say="Shall I refund it now?")],
        replies=[
            Line(
                heard="I want my money back for order 17.",
                calls=[CallTool(name="find_order", arguments=order)],
            ),
            Line(
                say="That was {result.price}.",
                calls=[CallTool(name="refund", arguments=order)],
            ),
            Line(heard=agreed, say="One moment."),
            Line(say="This is what I can tell you: {result}."),
        ],
        mcp=[SERVER],
    )


def speech(words: str) -> AudioFrame:
    """What a caller says, as a telephone carries it."""
    pcm = AudioFrame(data=VOICE.speak(words, "alloy", 1.0), format=PCM_24K)
    return AudioFrame(data=pcm.samples[::3].tobytes(), format=PCM_8K)  # it only hums


async def ask_for_money(app: App) -> None:
    """Call, and answer the question."""
    async with answered(app) as caller:
        await caller.listen()  # the greeting
        await caller.say(speech("I want my money back for order 17."))
        await caller.listen()  # the price, and the question
        await caller.say(speech("Yes, please do."))
        await caller.listen()


def refunds(agreed: str) -> list[str]:
    """What became of the refund."""

    watch = Probe()
    connect = simulated(script(agreed), VOICE)
    app = functools.partial(answer, watch=watch, connect=connect)
    run_virtual(ask_for_money, app)
    calls = [each for each in watch.frames if isinstance(each, McpCall)]
    assert calls[1].tool == "find_order"
    assert calls[1].status == "completed"  # and nobody was asked
    return [each.status for each in calls if each.tool == "refund"]


def test_a_refund_is_made_when_the_caller_agrees() -> None:
    """By voice, and only once it was asked."""
    assert refunds("Yes, please do.") == ["running", "completed"]


def test_a_refund_is_not_made_when_the_caller_does_not() -> None:
    """The call is never made."""
    assert refunds("No, leave it.") == ["rejected"]

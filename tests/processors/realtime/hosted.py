"""A conversation with tools that the simulated service calls, for tests."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from anyio import sleep

from voxpipe.pipeline.testing import Probe
from voxpipe.processors.realtime.hosted_mcp import (
    Approvals,
    HostedMcp,
    McpApproval,
    McpCall,
    McpNews,
    VoiceApprovals,
)
from voxpipe.simulator import CallTool, Line, McpFailure, McpTool, McpTools, Script

from .call import QUICK, Call, call
from .loops import Backend, run_virtually

T = TypeVar("T")
ORDERS = McpTool(name="orders", read_only=True, gives="one book", wait_ms=2_000)
REFUND = McpTool(name="refund", gives="refunded", wait_ms=500)
FAILS = McpTool(name="fails", fails=McpFailure(message="of Ada's secret"))
SHOP = McpTools(label="shop", tools=[ORDERS, REFUND, FAILS])
TRUSTED = HostedMcp(
    label="shop", url="https://shop.example/mcp", require_approval="never"
)
GATED = HostedMcp(label="shop", url="https://shop.example/mcp")
CHOSEN: list[Backend] = []
"""The backend under test."""


def run(function: Callable[..., Awaitable[T]]) -> T:
    return run_virtually(CHOSEN[0], function)


def script(*lines: Line, **fields: Any) -> Script:
    return Script(replies=lines, timing=QUICK, mcp=[SHOP], **fields)


def calling(*names: str, say: str = "", heard: str = "Hello?") -> Line:
    calls = [CallTool(name=name, arguments={"of": "Ada"}) for name in names]
    return Line(heard=heard, say=say or (), calls=calls)


async def ask(conversation: Call) -> None:
    await sleep(1.0)
    await conversation.speak(1.0)
    await sleep(10.0)
    conversation.phone.hang_up()


async def held(
    script: Script,
    server: HostedMcp = TRUSTED,
    *,
    plot: Callable[[Call], Any] = ask,
    approvals: Callable[[Call], Any] | None = None,
    **settings: Any,
) -> tuple[Call, list[McpNews]]:
    """A conversation that was held, and all that was told of hosted tools."""
    probe = Probe()

    def routes(conversation: Call) -> list[Any]:
        lines: list[Any] = [conversation.model.mcp >> probe.input]
        if approvals is not None:
            box = approvals(conversation)
            lines += [
                conversation.model.mcp >> box.requests,
                box.decisions >> conversation.model.results,
            ]
            if isinstance(box, VoiceApprovals):
                lines.append(conversation.model.transcripts >> box.words)
        return lines

    async with call(script, mcp=[server], routes=routes, **settings) as conversation:
        await conversation.hold(plot)
    return conversation, probe.frames


def deciding(approve: bool) -> Callable[[Call], Approvals]:
    async def decide(request: McpApproval) -> bool:
        return approve

    return lambda conversation: Approvals(decide)


def told(news: list[McpNews]) -> list[str]:
    return [
        f"{each.tool} {each.status}"
        if isinstance(each, McpCall)
        else type(each).__name__
        for each in news
    ]

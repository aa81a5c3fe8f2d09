"""What tests of whole conversations have in common: scripts, a tool, either loop."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from anyio import sleep

from voxpipe.processors.tools import tool
from voxpipe.simulator import CallTool, Line, Script

from .call import QUICK, Call
from .loops import Backend, run_virtually

T = TypeVar("T")
LONG = "This is a rather long answer that nobody wants to hear to its end, is it not?"


def script(*lines: Line, **fields: Any) -> Script:
    return Script(replies=lines, timing=QUICK, **fields)


@tool
async def weather(city: str) -> str:
    """Tell the weather.

    Args:
        city: where.
    """
    await sleep(0.3)
    return f"sunny in {city}"


def asks_for(city: str) -> CallTool:
    return CallTool(name="weather", arguments={"city": city})


async def one_question(conversation: Call) -> None:
    await sleep(0.3)
    await conversation.speak(1.0)
    await sleep(6.0)
    conversation.phone.hang_up()


ANSWERED = [("user", "Hello?"), ("agent", "Good evening.")]
chosen: list[Backend] = []


def run_virtual(conversation: Callable[[], Awaitable[T]]) -> T:
    """In virtual time, on the backend under test."""
    return run_virtually(chosen[0], conversation)


GREETS = script(Line(heard="Hello?", say="Good evening."))


def in_order(said: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """A transcript of the caller may come after the answer."""
    return sorted(said, key=lambda line: line[0] != "user")

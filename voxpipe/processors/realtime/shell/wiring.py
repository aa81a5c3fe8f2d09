"""What can be wrong with how a box of the service's is drawn, and how to draw it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from voxpipe.pipeline import CallerFrame, Input, Output
from voxpipe.processors.realtime.config.settings import Settings


def remote_errors(
    hears: Input[CallerFrame], speech: Input[CallerFrame], says: Output[Any]
) -> Iterator[str]:
    """Audio of a call that the service carries."""
    name = hears.owner.name
    for port, is_drawn in ((hears, hears.fed), (says, says.read)):
        if is_drawn:
            yield (
                f"the service carries the call of {name}: its audio never comes here; "
                f"take the route of {port} away"
            )
    if speech.fed:
        yield f"the service marks speech in the call of {name}: leave speech unfed"


def tool_errors(
    settings: Settings, calls: Output[Any], mcp: Output[Any], results: Input[Any]
) -> Iterator[str]:
    """Calls without a taker, or without an answer."""
    if settings.declares_tools and not calls.read:
        yield (
            f"the session declares tools and nobody takes the calls: draw "
            f"`{calls} >> tools.calls` and `tools.results >> {results}`"
        )
    elif settings.may_ask and not results.fed:
        yield (
            f"calls of an MCP server need approval and nobody gives it: draw "
            f"`{mcp} >> approvals.requests` and `approvals.decisions >> {results}`, "
            'or trust it with require_approval="never"'
        )
    elif calls.read and not results.fed:
        yield (
            f"tool calls leave {calls.owner.name} and no results come back: draw "
            f"`tools.results >> {results}`"
        )


def tool_warnings(settings: Settings, calls: Output[Any]) -> Iterator[str]:
    """A taker of calls, and nothing to call; it may still come by an update."""
    if calls.read and not (
        settings.declares_tools or settings.mcp or settings.prompt or settings.call_id
    ):
        yield (
            f"{calls} is read, and the session declares no tools, so the model calls "
            "none: open_session(tools=TOOLS) with those of the router"
        )


def mute_warnings(
    settings: Settings, says: Output[Any], others: Iterable[Output[Any]]
) -> Iterator[str]:
    """A model that speaks, and nobody who takes its replies in sound or in words."""
    speaks = settings.output == "audio" and settings.call_id is None
    if speaks and not says.read and not any(each.read for each in others):
        yield (
            f"nothing reads {says}: the model answers, and nobody hears it; draw a "
            f"route such as `{says} >> call.speaks`"
        )


def turn_errors(
    settings: Settings, hears: Input[CallerFrame], speech: Input[CallerFrame]
) -> Iterator[str]:
    """Turns with two owners, or none."""
    is_marked = any(getattr(box, "marks_speech", False) for box in hears.through)
    if settings.turn_detection == "local":
        if hears.fed and not is_marked and not speech.fed:
            yield (
                f"turn detection is local and nobody marks speech: put Vad() in front "
                f"of {hears}, or draw a branch of it into {speech}; a box of your own "
                "that marks it says so with `marks_speech = True` in its class"
            )
        if is_marked and speech.fed:
            yield (
                f"speech is marked twice, in what feeds {hears} and in what feeds "
                f"{speech}: take one of them away"
            )
    elif is_marked or speech.fed:
        cure = (
            f"take away the route into {speech}"
            if speech.fed
            else f"take Vad() out of what leads to {hears}, or draw it on a branch"
        )
        yield (
            f"two owners of turn-taking: {settings.turn_owner}, and what marks speech "
            f'in the pipeline; open the session with turn_detection="local", or {cure}'
        )

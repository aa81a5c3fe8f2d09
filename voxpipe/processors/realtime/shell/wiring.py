"""What can be wrong with the way a `Realtime` is drawn, and how to draw it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from voxpipe.processors.realtime.config.settings import Settings


@dataclass(frozen=True, slots=True)
class Wiring:
    """How it is drawn.

    Attributes:
        name: of the box.
        heard: something feeds ``hears``.
        read: something feeds ``reads``.
        marked: something in front of ``hears`` marks speech.
        followed: something feeds ``speech``.
        calls: somebody takes the calls.
        said: somebody takes what is said.
        results: somebody gives the results.
    """

    name: str
    heard: bool
    read: bool
    marked: bool
    followed: bool
    calls: bool
    results: bool
    said: bool


def wiring_errors(wiring: Wiring, settings: Settings) -> Iterator[str]:
    """Nobody to hear, tools without a taker, and turns with two owners or none."""
    name = wiring.name
    if settings.call_id is not None:
        yield from _elsewhere(wiring)
        yield from _tools(wiring, settings)
        return
    if not wiring.heard and not wiring.read:
        yield (
            f"nothing feeds {name}.hears: draw a route that ends `>> {name}.hears`, or "
            f"`>> {name}.reads` for a caller who writes"
        )
    yield from _tools(wiring, settings)
    if settings.turn_detection == "local":
        yield from _local(wiring)
    elif wiring.followed or wiring.marked:
        owner = settings.turn_owner
        cure = (
            f"take away the route into {name}.speech"
            if wiring.followed
            else f"take Vad() out of what leads to {name}.hears, or draw it on a branch"
        )
        yield (
            f"two owners of turn-taking: {owner}, and what marks speech in the "
            f'pipeline; open the session with turn_detection="local", or {cure}'
        )


def _elsewhere(wiring: Wiring) -> Iterator[str]:
    name = wiring.name
    for port, drawn in (("hears", wiring.heard), ("says", wiring.said)):
        if drawn:
            yield (
                f"the service carries the call of {name}: its audio never comes here; "
                f"take the route of {name}.{port} away"
            )
    if wiring.followed:
        yield f"the service marks speech in the call of {name}: leave speech unfed"


def _tools(wiring: Wiring, settings: Settings) -> Iterator[str]:
    name = wiring.name
    if settings.declares_tools and not wiring.calls:
        yield (
            f"the session declares tools and nobody takes the calls: draw "
            f"`{name}.calls >> tools.calls` and `tools.results >> {name}.results`"
        )
    elif settings.may_ask and not wiring.results:
        yield (
            f"calls of an MCP server need approval and nobody gives it: draw "
            f"`{name}.mcp >> approvals.requests` and `approvals.decisions >> "
            f'{name}.results`, or trust it with require_approval="never"'
        )
    elif wiring.calls and not wiring.results:
        yield (
            f"tool calls leave {name} and no results come back: draw "
            f"`tools.results >> {name}.results`"
        )


def _local(wiring: Wiring) -> Iterator[str]:
    name = wiring.name
    if wiring.heard and not wiring.marked and not wiring.followed:
        yield (
            f"turn detection is local and nobody marks speech: put Vad() in front of "
            f"{name}.hears, or draw a branch of it into {name}.speech"
        )
    if wiring.marked and wiring.followed:
        yield (
            f"speech is marked twice, in what feeds {name}.hears and in what feeds "
            f"{name}.speech: take one of them away"
        )

"""Row 28: whatever is called, and however it ends, each call gets one result."""

from __future__ import annotations

import sys
from collections import Counter
from random import Random
from typing import Any

import anyio

from voxpipe.pipeline import Frame, Pipeline, ToolCall
from voxpipe.pipeline.testing import Probe, Source, run_within
from voxpipe.processors.tools import Tool, ToolRouter, tool

from ..processors.realtime.loops import BACKENDS, run_virtually
from ..processors.tools.test_interleavings import (
    DECISIONS,
    NAMES,
    Step,
    answered,
    held,
)
from .row import Figure

PATIENCE = 10.0  # seconds; real ones, as threads know no others
RUBBISH = ("", "null", "[]", '"x"', "{", '{"x": 1e999}', '{"a":' * 200, "\ud800", "{}")


def tool_calls(sequences: int = 150) -> Figure:
    """Calls without a result, or with more than one: in any order, and of bad tools."""
    wrong = calls = 0
    for backend in BACKENDS:
        for number in range(sequences):
            random = Random(f"tools {number}")
            steps = [step(random) for _ in range(random.randint(1, 24))]
            concurrency = random.randint(1, 4)
            made, frames = run_virtually(backend, held, steps, concurrency)
            calls, wrong = calls + len(made), wrong + unanswered(made, frames)
        made, frames = anyio.run(harmed, backend=backend)
        calls, wrong = calls + len(made), wrong + unanswered(made, frames)
    return Figure(f"{wrong} of {calls:,} calls without exactly one", kept=wrong == 0)


def unanswered(made: list[ToolCall], frames: list[Frame]) -> int:
    """How many calls have no result, or two."""
    results = Counter(answered(frames))
    return sum(results[each.call_id] != 1 for each in made)


def step(random: Random) -> Step:
    """One thing that can happen; see `held`."""
    return random.choice(
        (
            ("call", random.choice((*NAMES, "unknown"))),
            ("call", random.choice(NAMES)),
            ("decide", random.choice((*DECISIONS, *RUBBISH))),
            ("again", random.randint(0, 20)),
            ("cancel", random.randint(0, 20)),
            ("interrupt", None),
            ("say", random.choice(("Yes.", "No.", "Hm."))),
            ("wait", random.choice((0.0, 0.6, 1.0, 2.0))),
        )
    )


async def harmed() -> tuple[list[ToolCall], list[Frame]]:
    """Tools that would end the process, or give what cannot be said: each called."""
    bad = harmful()
    router, probe = ToolRouter(bad), Probe()
    made = [
        ToolCall(
            call_id=f"{each.name} {arguments}", name=each.name, arguments=arguments
        )
        for each in bad
        for arguments in RUBBISH
    ]
    source = Source(made)
    pipeline = Pipeline(source.output >> router.calls, router.results >> probe.input)
    await run_within(PATIENCE, pipeline)
    return made, probe.frames


def harmful() -> list[Tool[..., Any]]:
    """What should be in nobody's program, and is."""

    @tool
    def leaves() -> str:
        """Is a library with a command line."""
        sys.exit("usage: …")

    @tool
    def is_interrupted() -> str:
        """Raises what a person's Ctrl-C does."""
        raise KeyboardInterrupt

    @tool
    async def leaves_at_once() -> str:
        """Leaves without a thread."""
        raise SystemExit(3)

    @tool
    async def raises_no_exception() -> str:
        """Raises what `except Exception` does not catch."""
        raise BaseException("of no kind")

    @tool
    async def gives_no_json() -> object:
        """Gives what no JSON can hold."""
        return object()

    @tool
    async def says_too_much() -> str:
        """Gives 5 MB."""
        return "x" * 5_000_000

    return [
        leaves,
        is_interrupted,
        leaves_at_once,
        raises_no_exception,
        gives_no_json,
        says_too_much,
    ]

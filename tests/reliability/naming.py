"""Row 18: who swallows cancellations, or blocks the loop, is named with its place."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import anyio
from anyio import create_task_group, move_on_after, sleep, sleep_forever

from voxpipe.pipeline import Input, Output, Pipeline, Processor, ToolCall
from voxpipe.pipeline.testing import Probe, Source
from voxpipe.processors.tools import ToolRouter, tool
from voxpipe.transports.telephony import Call, Switchboard

from ..processors.realtime.loops import BACKENDS
from ..transports.telephony.calling import called
from ..transports.telephony.test_idle import Mute
from ..transports.telephony.testing.agents import speech
from .row import Figure

LIMIT = 2.0  # seconds
SLACK = 0.25  # seconds; of a thread that has to be woken beside one that is busy
BLOCKS = 1.5  # seconds; who never stops is named after 5
GIVES_UP = 6.0  # seconds; not for ever, as the table is to go on


class Told(logging.Handler):
    """Notes when somebody was first named, by the place at which their code stands."""

    def __init__(self) -> None:
        super().__init__()
        self.since = 0.0
        self.after: float | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """A line in the log."""
        text = record.getMessage()
        if self.since and self.after is None and (THIS in text or NAME in text):
            self.after = time.monotonic() - self.since

    def begins(self) -> None:
        """From here on they are at fault."""
        self.since = self.since or time.monotonic()

    @property
    def goes_on(self) -> bool:
        """Whether nobody was named yet."""
        late = self.since and time.monotonic() - self.since > GIVES_UP
        return self.after is None and not late


THIS = Path(__file__).name
NAME = "stubborn"  # or so, as a tool is named by its name


async def swallow(told: Told) -> None:
    """Wait for ever, and longer."""
    while told.goes_on:
        try:
            await sleep_forever()
        except BaseException:  # noqa: BLE001  # this is what is to be named
            told.begins()
            rest()


def rest() -> None:
    """As something that turns as fast as it can, but leaves some to others."""
    time.sleep(0.001)


def block(told: Told) -> None:
    """Keep the loop, as a call of a database would."""
    told.begins()
    time.sleep(BLOCKS)


class Stubborn(Processor):
    """A box that cannot be cancelled."""

    output = Output[Any]()

    def __init__(self, told: Told) -> None:
        self._told = told

    async def run(self) -> None:
        await swallow(self._told)


class Blocking(Processor):
    """A box that keeps the loop while its pipeline runs."""

    input = Input[Any]()

    def __init__(self, told: Told) -> None:
        self._told = told

    async def run(self) -> None:
        async for _ in self.input:
            if not self._told.since:
                block(self._told)


async def a_box_that_swallows(told: Told) -> None:
    with move_on_after(0.1):
        await Pipeline(Stubborn(told).output >> Probe().input).run()


async def a_tool_that_swallows(told: Told) -> None:
    @tool
    async def stubborn() -> str:
        """Do something."""
        await swallow(told)
        return "too late"

    called_once = Source([ToolCall(call_id="call_1", name="stubborn", arguments="{}")])
    router, probe = ToolRouter([stubborn]), Probe()
    lines = (called_once.output >> router.calls, router.results >> probe.input)
    with move_on_after(0.1):
        await Pipeline(*lines).run()


async def an_app_that_swallows(told: Told) -> None:
    async def app(call: Call) -> None:
        await swallow(told)

    await cut(Switchboard(app))


async def an_app_that_blocks(told: Told) -> None:
    async def app(call: Call) -> None:
        box = Blocking(told)
        with move_on_after(BLOCKS + 0.5):
            await Pipeline(call.heard >> box.input, Mute().says >> call.speaks).run()

    async with called(Switchboard(app)) as caller:
        await caller.say(speech(0.2))
        await sleep(0.5)


async def cut(board: Switchboard) -> None:
    """A call that is drained with the server, and at last cancelled."""
    async with create_task_group() as tasks:

        async def end() -> None:
            await sleep(0.2)
            await board.drain(0)
            tasks.cancel_scope.cancel()

        tasks.start_soon(end)
        async with called(board):
            await sleep_forever()


CASES: tuple[Callable[[Told], Any], ...] = (
    a_box_that_swallows,
    a_tool_that_swallows,
    an_app_that_swallows,
    an_app_that_blocks,
)


def named_after(case: Callable[[Told], Any], backend: Any) -> float | None:
    """Seconds until who is at fault was named; ``None`` if never."""
    told, logger = Told(), logging.getLogger("voxpipe")
    logger.addHandler(told)
    with suppress(Exception):
        anyio.run(partial(case, told), backend=backend)
    logger.removeHandler(told)
    return told.after


def naming() -> Figure:
    """All cases on both loops."""
    took = {
        (case.__name__.replace("_", " "), backend): named_after(case, backend)
        for backend in BACKENDS
        for case in CASES
    }
    late = [
        name
        for (name, _), after in took.items()
        if after is None or after > LIMIT + SLACK
    ]
    worst = max((after for after in took.values() if after is not None), default=0.0)
    said = f"{len(took) - len(late)} of {len(took)} named, after {worst:.1f} s at most"
    if late:
        said += f"; not {', '.join(dict.fromkeys(late))}"
    return Figure(said, kept=not late)

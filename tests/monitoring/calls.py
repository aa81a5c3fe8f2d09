"""Calls to a switchboard that somebody looks at, in virtual time, without a socket."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from anyio import current_time

from tests.bench.apps import app
from voxpipe.monitoring import CallSeen, Exporter, Monitor
from voxpipe.pipeline.runtime.scopes import tasks_until_done
from voxpipe.processors.realtime.connect.way import connecting
from voxpipe.simulator import CallTool, Line, Script, Timing, simulated
from voxpipe.transports.telephony import Call, Switchboard
from voxpipe.transports.telephony.switchboard import App
from voxpipe.transports.telephony.testing import Caller, Leg, memory_lines
from voxpipe.transports.telephony.twilio import TwilioCall

from ..bench.quick import question

Run = Callable[[Callable[[], Awaitable[Any]]], Any]

THINKS = 0.2  # seconds, of the model
CALLER, CALLED = "+15550107", "+15550199"


class Noted(Exporter):
    """Keeps what it is told of calls that are over."""

    def __init__(self) -> None:
        self.calls: list[CallSeen] = []

    def ended(self, call: CallSeen) -> None:
        self.calls.append(call)


def script(*lines: Line) -> Script:
    """What the model says."""
    timing = Timing(first_audio_ms=THINKS * 1000)
    said = lines or (Line(say="It was found today, in the kitchen of the old house."),)
    return Script(replies=list(said), then="repeat", timing=timing)


def looks_it_up() -> Script:
    """It calls a tool, and tells what came of it."""
    tells = Line(say="It was found today, in the kitchen.")
    return script(Line(calls=[CallTool(name="look_it_up")]), tells)


def desk(told: Script | None = None, **late: float) -> App:
    """An app with a simulated model; as late as `tests.bench.apps.app`."""
    inner = app(**late)

    async def answer(call: Call) -> None:
        with connecting(lambda _: simulated(told or script())):
            await inner(call)

    return answer


@asynccontextmanager
async def watched(answer: App, *exporters: Exporter) -> AsyncGenerator[Caller]:
    """Call an app whose switchboard tells these; at the end the caller hangs up."""
    board = Switchboard(answer, watcher=Monitor(exporters))
    ours, theirs = memory_lines()

    async def serve() -> None:
        async with TwilioCall.accept(theirs) as call:
            call.caller, call.called = CALLER, CALLED
            await board.run(call)

    async with tasks_until_done() as tasks:
        tasks.start_soon(serve)
        async with Caller(Leg(current_time()), ours, patience=60.0) as caller:
            yield caller
        await board.drain(10)


async def asked_once(answer: App, *exporters: Exporter) -> None:
    """One question, and its answer."""
    async with watched(answer, *exporters) as caller:
        await caller.say(question().audio)
        await caller.listen(timeout=10)

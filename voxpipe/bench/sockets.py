"""Calls by a carrier's protocol; app and model are processes of their own."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict
from functools import partial
from typing import Any

import anyio
from anyio import create_task_group, current_time, move_on_after, sleep, sleep_until

from voxpipe.pipeline import TransportError
from voxpipe.transports.telephony.testing import (
    Caller,
    FakeCarrier,
    FakeGenesys,
    FakePlivo,
    FakeTelnyx,
    FakeTwilio,
    Leg,
)
from voxpipe.transports.telephony.testing.dial import dialled

from .children import AppProcess, BenchError, Usage, app_process, model_process
from .distant import distant
from .machine import cpu_seconds
from .person import Person
from .plan import CallRun, Live, Plan, Progress, Used
from .tape import TapedWords

WARM = 2.0  # seconds of a first call, in which the app imports what it needs
TOLD = 15.0  # seconds after the last call in which the app tells of all
NUMBERS = "+15550100", "+15550199"
# Those that carry what callers say as it is, in mu-law.
FAKES: dict[str, Callable[[str], FakeCarrier[Any]]] = {
    "twilio": FakeTwilio,
    "telnyx": FakeTelnyx,
    "plivo": FakePlivo,
    "genesys": FakeGenesys,
}

Ran = tuple[list[CallRun], Used]


def run_over_sockets(app: str, plan: Plan, progress: Progress | None = None) -> Ran:
    """Serve an app, place the calls, and wait for the last one to end.

    Args:
        app: ``module:function``.
        plan: what is to be measured.
        progress: shows how far it is.

    Raises:
        BenchError: the app, or the model, could not be started.
    """
    return anyio.run(_measured, app, plan, progress)


async def _measured(app: str, plan: Plan, progress: Progress | None) -> Ran:
    order = {
        "app": app,
        "network": asdict(plan.model_network),
        "seed": plan.seed,
        "calls": plan.calls,
    }
    async with (
        _model(plan) as (environment, model),
        app_process(order, environment) as served,
    ):
        await _warm_up(served, plan)
        live = Live([CallRun(number) for number in range(plan.calls)])
        before = time.monotonic(), time.process_time(), cpu_seconds(model)
        used = await _place(served, plan, live, progress)
        clock = time.monotonic() - before[0]
        used.others = {
            "callers": (time.process_time() - before[1]) / clock,
            "model": (cpu_seconds(model) - before[2]) / clock,
        }
    used.stalls = served.stalls  # told when it has ended
    return live.runs, used


@asynccontextmanager
async def _model(plan: Plan) -> AsyncGenerator[tuple[dict[str, str], int]]:
    """What leads the app to it, and the number of its process; -1 if it has none."""
    if plan.endpoint is not None:
        yield {"OPENAI_BASE_URL": plan.endpoint}, -1
        return
    async with model_process(plan.script) as (url, pid):
        yield {"OPENAI_BASE_URL": url, "OPENAI_API_KEY": "sk-simulated"}, pid


async def _warm_up(served: AppProcess, plan: Plan) -> None:
    run = CallRun(-1)
    async with create_task_group() as tasks:
        tasks.start_soon(_call, served, plan, run, Live(), WARM)
    if run.faults["refused"]:
        raise BenchError("the app's process does not take a call")
    with move_on_after(TOLD):
        while run.name not in served.calls and not served.ended.is_set():
            await served.more.wait()
    told = served.calls.get(run.name)
    if told and told["failure"]:
        raise BenchError(
            f"the app raises {told['failure']} in its first call: answer one with "
            "`voxpipe serve`, and look at its log"
        )
    await sleep(0.5)


async def _place(
    served: AppProcess, plan: Plan, live: Live, progress: Progress | None
) -> Used:
    used = Used()
    before, began = served.usage[-1], current_time()
    first = len(served.lag)
    live.done_at = began + plan.spread + plan.seconds
    full = before
    async with create_task_group() as watching:
        if progress is not None:
            watching.start_soon(progress, live)
        async with create_task_group() as tasks:
            for run in live.runs:
                tasks.start_soon(partial(_call, served, plan, run, live, plan.seconds))
            await sleep_until(began + plan.spread + plan.seconds / 2)
            full = served.usage[-1]
        watching.cancel_scope.cancel()
    after = _at(served.usage, time.monotonic())
    used.seconds, used.cpu = after.at - before.at, after.cpu - before.cpu
    used.memory = full.memory - before.memory
    used.lag = served.lag[first:]
    used.late = max(run.measured.late for run in live.runs)
    await _told(served, live)
    return used


def _at(usage: list[Usage], moment: float) -> Usage:
    return min(usage, key=lambda each: abs(each.at - moment))


async def _told(served: AppProcess, live: Live) -> None:
    """Wait for what the app tells of each call, and put it to them."""
    with move_on_after(TOLD):
        while not served.ended.is_set() and any(
            run.name and run.name not in served.calls for run in live.runs
        ):
            await served.more.wait()
    for run in live.runs:
        told = served.calls.get(run.name)
        if told is not None:
            run.seen, run.failure = told["seen"], told["failure"]
            run.faults["failed"] += bool(run.failure)


async def _call(
    served: AppProcess, plan: Plan, run: CallRun, live: Live, seconds: float
) -> None:
    await sleep(run.number * 0.618034 % 1.0 * plan.spread if run.number >= 0 else 0.0)
    carrier = FAKES[plan.over](served.url)
    live.open += 1
    run.began = current_time()
    try:
        names = carrier.names(*NUMBERS)
        stream = await carrier.ring(names, *NUMBERS)
        headers = carrier.upgrade(names, stream.url)
        async with (
            dialled(stream.url, headers) as connection,
            distant(connection, plan.caller_network, run.number) as line,
        ):
            words = TapedWords(names) if plan.over == "twilio" else carrier.words(names)
            leg = Leg(current_time(), words, parameters=stream.parameters)
            run.name, run.began, run.measured = (
                words.call_id,
                current_time(),
                leg.measured,
            )
            if 0 <= run.number < plan.tapes and isinstance(words, TapedWords):
                run.tape = words.tape
            number = max(run.number, 0)
            person = Person(plan.callers[number % len(plan.callers)], 0.0, run.faults)
            async with Caller(leg, line) as caller:
                person.until = current_time() + seconds
                await person.talk(caller)
    except TransportError:
        run.faults["refused"] += 1
    finally:
        live.open -= 1
        run.ended = current_time()

"""Calls in memory: callers, app and model in one process, in real or virtual time."""

from __future__ import annotations

import time
from functools import partial
from importlib.util import find_spec

import anyio
from anyio import CancelScope, create_task_group, current_time, sleep, sleep_until

from voxpipe.pipeline import ConfigurationError
from voxpipe.pipeline.runtime.lag import lag_measured
from voxpipe.pipeline.testing import run_virtual
from voxpipe.processors.realtime import Connect
from voxpipe.simulator import simulated
from voxpipe.transports.telephony.switchboard import App
from voxpipe.transports.telephony.testing import Caller, Leg, memory_lines
from voxpipe.transports.telephony.testing.answered import answering

from .distant import distant
from .machine import memory_used, stalls_noted
from .person import Person
from .plan import CallRun, Live, Plan, Progress, Used
from .tape import TapedWords
from .watcher import Watcher

NUMBERS = "+15550100", "+15550199"
END = 60.0  # seconds for an app to return when its caller is gone

Ran = tuple[list[CallRun], Used]


def run_in_memory(app: App, plan: Plan, progress: Progress | None = None) -> Ran:
    """Place the calls, and wait for the last one to end.

    Raises:
        ConfigurationError: virtual time needs trio, which is not installed.
    """
    if plan.clock == "virtual":
        if find_spec("trio") is None:
            raise ConfigurationError("virtual time needs pip install 'voxpipe[trio]'")
        return run_virtual(_measured, app, plan, progress)
    return anyio.run(_measured, app, plan, progress)


async def _measured(app: App, plan: Plan, progress: Progress | None) -> Ran:
    used = Used(whose="callers, app and model together")
    live = Live([CallRun(number) for number in range(plan.calls)])
    before, cpu, began = memory_used(), time.process_time(), current_time()
    live.done_at = began + plan.spread + plan.seconds
    with stalls_noted(used.stalls):
        async with create_task_group() as watching:
            if progress is not None:
                watching.start_soon(progress, live)
            if plan.clock == "real":
                watching.start_soon(lag_measured, used.lag.append)
            async with create_task_group() as tasks:
                for run in live.runs:
                    tasks.start_soon(partial(_call, app, plan, run, live))
                await sleep_until(began + plan.spread + plan.seconds / 2)
                used.memory = memory_used() - before
            watching.cancel_scope.cancel()
    used.seconds = current_time() - began
    used.cpu = time.process_time() - cpu
    used.late = max(run.measured.late for run in live.runs)
    return live.runs, used


async def _call(app: App, plan: Plan, run: CallRun, live: Live) -> None:
    # The golden ratio spreads any number of them evenly.
    await sleep(run.number * 0.618034 % 1.0 * plan.spread)
    seed = plan.seed * 100_003 + run.number
    watcher = Watcher(plan.model_network, seed, _model(plan, seed))
    live.open += 1
    try:
        with CancelScope(deadline=current_time() + plan.seconds + END) as scope:
            await _converse(app, plan, run, watcher, seed)
        if scope.cancelled_caught:
            run.failure = "TimeoutError"
    except Exception as error:  # noqa: BLE001  # it is told in the report, by its type
        run.failure = type(error).__name__
        run.faults["failed"] += 1
    finally:
        live.open -= 1
        run.ended = current_time()
        run.seen = watcher.summary()


def _model(plan: Plan, seed: int) -> Connect | None:
    return None if plan.endpoint else simulated(plan.script, seed=seed)


async def _converse(
    app: App, plan: Plan, run: CallRun, watcher: Watcher, seed: int
) -> None:
    ours, theirs = memory_lines()
    words = TapedWords()
    run.name, run.began = words.call_id, current_time()
    if run.number < plan.tapes:
        run.tape = words.tape
    person = Person(plan.callers[run.number % len(plan.callers)], 0.0, run.faults)
    async with distant(ours, plan.caller_network, seed) as line:
        leg = Leg(current_time(), words)
        run.measured = leg.measured
        agent = answering(partial(watcher.answer, app), words.call, theirs, NUMBERS)
        async with agent, Caller(leg, line) as caller:
            person.until = current_time() + plan.seconds
            await person.talk(caller)

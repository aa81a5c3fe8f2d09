"""How many calls an app holds on this machine, and what breaks first."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from .bench import bench
from .children import BenchError
from .plan import Plan, Progress
from .result import Report

FEW = 3  # calls, whose p95 is the app's own best
GUESS = 24  # calls that are tried first
MOST = 400  # calls; beyond that the callers of one process have no room to be believed
SLOWER = 100.0  # ms that the p95 may be beyond that of a few calls
GRAIN = 0.04  # of the number, to which it is found
LATE = 20.0  # ms by which a loop is late that has too much to do; a frame's length
BUSY = 85.0  # percent of a core: the callers, or the model, have no more to give
NOT_THE_APP = {
    "callers": "not the app, but the callers' own process",
    "model": "not the app, but the simulated model",
}
UNDERRUNS = 0.01  # of the turns that may have a gap


@dataclass(frozen=True, slots=True)
class Limit:
    """How many calls an app held.

    Attributes:
        calls: the largest number that it held; 0 if not even one.
        broken: what broke first beyond that, in words; empty if nothing did.
        tried: of each number that was tried, what was found.
    """

    calls: int
    broken: str
    tried: Mapping[int, Report]


def bisect(holds: Callable[[int], bool], guess: int, most: int) -> int:
    """The largest number that holds, to `GRAIN`; 0 if not even 1 does.

    Args:
        holds: asked for ever closer numbers.
        guess: near the expected answer.
        most: not more is asked for.
    """
    low, high = 0, most + 1
    at = min(guess, most)
    while True:
        if holds(at):
            low = at
        else:
            high = at
        if high - low <= max(1, GRAIN * high):
            return low
        if high > most:
            at = min(most, max(low + 1, round(low * 1.25)))
        elif low == 0:
            at = max(1, int(high * 0.75))
        else:
            at = (low + high) // 2


def broken(report: Report, few: Report) -> str:
    """Why these calls are too many; empty if they are not."""
    for name, percent in report["percent_of_a_core"].items():
        if percent > BUSY:
            return f"{NOT_THE_APP[name]}, which took {percent:.0f} % of a core"
    faults = {**report["faults"], **report["failures"]}
    if faults:
        return ", ".join(f"{count} {name}" for name, count in faults.items())
    best, now = few["latency_ms"]["total"]["p95"], report["latency_ms"]["total"]["p95"]
    if not report["turns"]:
        return "no turn was answered"
    if now > best + SLOWER:
        slower = f"turn.p95: {now:.0f} ms, {best:.0f} at {few['calls']} calls"
        return f"{slower}; {_why_late(report)}"
    if report["underruns"] > UNDERRUNS * report["turns"]:
        return f"{report['underruns']} replies with gaps"
    return ""


def _why_late(report: Report) -> str:
    lag = report["loop_lag_ms"]["p99"]
    share = report["cpu_percent_per_call"] * report["calls"]
    late = f"the app's event loop was late by {lag:.0f} ms at p99"
    if report["stalls"]:
        return f"{late}: {report['stalls'][0]['who']} kept it"
    if share > BUSY:
        return f"{late}, and had no more to take: {share:.0f} % of a core"
    if lag < LATE:
        return f"the app's event loop was in time, on {share:.0f} % of a core"
    return (
        f"not the app, but the machine: {late}, though it took only {share:.0f} % of a "
        "core; others took the rest"
    )


def find_limit(
    app: Any,
    plan: Plan,
    progress: Progress | None = None,
    tell: Callable[[str], object] = lambda _: None,
    *,
    most: int = MOST,
    guess: int = GUESS,
) -> Limit:
    """Search the largest number of calls.

    Args:
        app: as `bench` takes it.
        plan: what is measured for each number; its own is not used.
        progress: shows how far each run is.
        tell: told a line of each.
        most: not more are tried.
        guess: what is tried first.

    Raises:
        BenchError: not even a few calls could be measured.
        ConfigurationError: as `bench`.
    """
    first = bench(app, replace(plan, calls=min(FEW, most), tapes=0), progress).report
    tried, why = {min(FEW, most): first}, dict[int, str]()
    tell(_row(first, ""))

    def holds(calls: int) -> bool:
        try:
            report = bench(app, replace(plan, calls=calls, tapes=0), progress).report
        except BenchError as error:
            why[calls] = str(error)
            return False
        tried[calls] = report
        reason = broken(report, first)
        if reason:
            why[calls] = reason
        tell(_row(report, reason))
        return not reason

    reason = broken(first, first)
    if reason:
        return Limit(0, f"at {first['calls']} calls: {reason}", tried)
    calls = bisect(holds, max(guess, FEW + 1), most)
    beyond = [each for each in why if each > calls]
    first_break = f"at {min(beyond)} calls: {why[min(beyond)]}" if beyond else ""
    return Limit(calls or min(FEW, most), first_break, tried)


def _row(report: Report, why: str) -> str:
    total = report["latency_ms"]["total"]
    return (
        f"{report['calls']:>5} calls: p95 {total['p95']:.0f} ms, "
        f"{report['cpu_percent_per_call'] * report['calls']:.0f} % of a core, "
        f"{why or 'holds'}"
    )

"""The whole measurement, in order, within its time."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace

from benchmarks.report import CannotMeasure

from .contenders import CONTENDERS, PEERS, Contender
from .machine import look
from .outcome import Outcome
from .pairs import Rounds, compare
from .search import Limit, largest
from .table import HEAD, row
from .targets import Findings
from .trial import Bench

Group = tuple[tuple[str, ...], int]
"""Who takes turns, with how many calls."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How much to do.

    Attributes:
        groups: who takes turns with whom, with how many calls.
        rounds: of each group.
        seconds: measured each time.
        searched: whose largest number is searched.
        search_seconds: measured for each number that is tried.
        holding: connected calls, and how many of them talk; ``None`` to leave it out.
        uvloop: who takes turns on that loop; nobody to leave it out.
        minutes: after which no further number is searched.
    """

    groups: tuple[Group, ...]
    rounds: int
    seconds: float
    searched: tuple[str, ...]
    search_seconds: float
    holding: tuple[int, int] | None
    uvloop: Group | None
    minutes: float


FULL = Plan(
    groups=(
        (("a1", "b"), 100),
        (("a2", "c", "a3"), 100),
        (("a1", "d"), 50),
        (("b", "e1"), 20),
        (("d", "e2"), 10),
    ),
    rounds=3,
    seconds=10.0,
    searched=("b", "a1", "e1", "d", "e2"),  # the others: --only c --largest
    search_seconds=8.0,
    holding=(500, 25),
    uvloop=(("f1", "bf", "b"), 100),
    minutes=36.0,
)
QUICK = Plan(
    groups=((("a1", "b"), 20), (("a2", "c"), 20), (("a1", "d", "e1", "e2"), 5)),
    rounds=1,
    seconds=5.0,
    searched=(),
    search_seconds=0.0,
    holding=None,
    uvloop=None,
    minutes=3.0,
)


def carry_out(bench: Bench, plan: Plan) -> Findings:
    """Measure everything; a part that breaks is left out, and said."""
    began = time.monotonic()
    objections = look((bench.server_core, bench.other_core))
    for each in objections:
        print(f"INVALID: {each}", file=sys.stderr)
    groups = [
        found for group in plan.groups if (found := _take_turns(bench, plan, group))
    ]
    other = replace(bench, loop="uvloop")
    uvloop = _take_turns(other, plan, plan.uvloop) if plan.uvloop else {}
    holding = _hold(bench, plan)
    limits: dict[str, Limit] = {}
    for contender in _there(plan.searched):
        if time.monotonic() - began > plan.minutes * 60:
            _left_out(f"the largest number of {contender.name}", "no time was left")
            continue
        try:
            limits[contender.name] = largest(bench, contender, plan.search_seconds)
        except CannotMeasure as error:
            _left_out(f"the largest number of {contender.name}", error)
    return Findings(objections, groups, limits, holding, uvloop)


def _take_turns(bench: Bench, plan: Plan, group: Group) -> Rounds:
    names, calls = group
    try:
        return compare(bench, _there(names), calls, plan.seconds, plan.rounds)
    except CannotMeasure as error:
        _left_out(" beside ".join(names), error)
        return {}


def _hold(bench: Bench, plan: Plan) -> Outcome | None:
    if plan.holding is None:
        return None
    calls, talking = plan.holding
    try:
        outcome = bench.run(CONTENDERS["b"], calls, plan.seconds, talking)
    except CannotMeasure as error:
        _left_out(f"{calls} calls of which {talking} talk", error)
        return None
    print(HEAD)
    print(row(outcome), f"  [{talking} talk; {outcome.rss / 2**20:.0f} MB]", flush=True)
    return outcome


def _there(names: Iterable[str]) -> list[Contender]:
    chosen = [CONTENDERS[name] for name in names]
    if PEERS.exists():
        return chosen
    if any(each.is_peer for each in chosen):
        print("`make bench-calls` installs Pipecat into .bench-venv", file=sys.stderr)
    return [each for each in chosen if not each.is_peer]


def _left_out(what: str, error: CannotMeasure | str) -> None:
    print(f"not measured: {what}: {error}", file=sys.stderr, flush=True)

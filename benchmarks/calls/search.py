"""How many calls a contender holds."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.report import CannotMeasure
from voxpipe.bench.search import bisect

from .contenders import Contender
from .outcome import Outcome
from .table import HEAD, row
from .trial import Bench

FEW = 5  # calls, whose p95 is the contender's own best
SLOWER = 100.0  # ms that the p95 may be beyond that
MOST = 320  # calls; beyond that the generator has no room to be believed


@dataclass(frozen=True, slots=True)
class Limit:
    """How many calls a contender held.

    Attributes:
        calls: the largest number that it held.
        broken: why it did not hold more, in words.
        tried: every trial, in order; the first is with few calls.
    """

    calls: int
    broken: str
    tried: tuple[Outcome, ...]

    @property
    def invalid(self) -> tuple[str, ...]:
        """Why it cannot be believed: the trials on either side of it cannot."""
        more = [each.calls for each in self.tried if each.calls > self.calls]
        decisive = {self.tried[0].calls, self.calls, min(more, default=0)}
        return tuple(
            f"{each.contender} at {each.calls}: {why}"
            for each in self.tried
            if each.calls in decisive
            for why in each.invalid
        )


def failing(outcome: Outcome, few: Outcome) -> str:
    """Why a contender does not hold these calls; empty if it does."""
    faults = ", ".join(f"{count} {name}" for name, count in outcome.faults.items())
    if faults:
        return faults
    if outcome.p95 > few.p95 + SLOWER:
        return f"p95 {outcome.p95:.0f} ms, {few.p95:.0f} at {few.calls} calls"
    return ""


def largest(bench: Bench, contender: Contender, seconds: float) -> Limit:
    """Search how many calls it holds."""
    print(HEAD)
    few = bench.run(contender, FEW, seconds, warm=False)
    print(row(few), flush=True)
    tried, reasons = [few], dict[int, str]()

    def holds(calls: int) -> bool:
        try:
            outcome = bench.run(contender, calls, seconds, warm=False)
        except CannotMeasure as error:
            reasons[calls] = str(error)
            return False
        tried.append(outcome)
        why = failing(outcome, few)
        print(row(outcome), f"  [{why or 'holds'}]", flush=True)
        if why:
            loads = f"its core {outcome.server_load:.0%} busy, the generator's"
            reasons[calls] = f"{why}; {loads} {outcome.load:.0%}"
        return not why

    calls = bisect(holds, contender.guess, MOST)
    broken = "it was not asked for more"
    if reasons:
        breaks_at = min(reasons)
        broken = f"at {breaks_at} calls: {reasons[breaks_at]}"
    print(f"{contender.name} holds {calls}; {broken}", flush=True)
    return Limit(calls, broken, tuple(tried))

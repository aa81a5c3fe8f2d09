"""Contenders that take turns, and what stands between them."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from .contenders import Contender
from .outcome import Outcome
from .table import HEAD, row
from .trial import Bench

Rounds = dict[str, list[Outcome]]
"""Outcomes of each contender, round by round."""


def compare(
    bench: Bench,
    contenders: Sequence[Contender],
    calls: int,
    seconds: float,
    rounds: int,
    talking: int | None = None,
) -> Rounds:
    """Let them take turns; every other round in the opposite order.

    A trial that was disturbed is made again, once for each contender.
    """
    found: Rounds = {each.name: [] for each in contenders}
    disturbed: set[Contender] = set()
    print(HEAD)
    for number in range(rounds):
        for each in contenders if number % 2 == 0 else reversed(contenders):
            outcome = bench.run(each, calls, seconds, talking)
            print(row(outcome), flush=True)
            if outcome.invalid and rounds > 1 and each not in disturbed:
                disturbed.add(each)
                outcome = bench.run(each, calls, seconds, talking)
                print(row(outcome), " [again]", flush=True)
            found[each.name].append(outcome)
    first, *others = found
    for name in others:
        ratios = spread([o.cpu for o in found[name]], [o.cpu for o in found[first]])
        print(f"CPU of {name} / {first}: {ratios}")
    return found


class Spread:
    """A ratio, round by round.

    Attributes:
        median: over the rounds.
        low: the smallest.
        high: the largest.
    """

    def __init__(self, ratios: Sequence[float]) -> None:
        self.median = statistics.median(ratios)
        self.low, self.high = min(ratios), max(ratios)

    def __str__(self) -> str:
        return f"{self.median:.3f} ({self.low:.3f} to {self.high:.3f})"


def spread(ours: Sequence[float], theirs: Sequence[float]) -> Spread:
    """Ours over theirs, each pair of neighbours in time."""
    return Spread([one / other for one, other in zip(ours, theirs, strict=True)])

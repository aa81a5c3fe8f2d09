"""Whether one run is slower than another, by a test that knows noise.

Of each figure two things are asked: whether turns as a whole take longer, and whether
the slowest tenth of them does. Were both runs the same, it would not matter which calls
are said to be of which: so the calls are dealt out to two runs again and again, and the
difference counts as one when chance gives it less often than `CHANCE`, for all figures
together (Holm's correction). Source: B. Efron, R. Tibshirani, An Introduction to the
Bootstrap, chapter 15 (permutation tests); S. Holm, A simple sequentially rejective
multiple test procedure (1979).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from .figures import MAX_CELLS, Calls, clustered

CHANCE = 0.02  # of a false alarm in any of the figures
DEALS = 5_000
ENOUGH = 100  # deals that do as much: it is chance, and no more need be seen
LEAST_MS = 1.0  # a difference below is nobody's business
LEAST = 0.01  # nor is one of less than this share
TAIL = 0.1  # the slowest tenth
WINSOR = 0.05  # values beyond these quantiles count as these: one pause of the machine

Change = Literal["slower", "faster", "same"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """On one figure.

    Attributes:
        figure: such as ``total.p95``.
        before: ms.
        after: ms.
        change: what was found.
        chance: how often chance alone would do as much, 0 to 1.
    """

    figure: str
    before: float
    after: float
    change: Change
    chance: float

    @property
    def percent(self) -> float:
        """By how much it is more; endless where there was nothing before."""
        if self.before:
            return 100 * (self.after - self.before) / self.before
        return float("inf") if self.after > 0 else 0.0

    def __str__(self) -> str:
        more = "" if self.percent == float("inf") else f" ({self.percent:+.1f} %)"
        told = f"{self.figure}: {self.before:.0f} → {self.after:.0f} ms{more}"
        return f"{told}, {self.change}, by chance in {100 * self.chance:.2g} % of cases"


def compared(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Verdict]:
    """A verdict on each figure that both reports have.

    Args:
        before: an older report, as ``report.json`` holds it.
        after: the newer one.
    """
    found, still = list[Verdict](), list[Verdict]()
    for name, new in after["samples"].items():
        old = before["samples"].get(name)
        if old and any(old) and any(new):
            # What never varies can give no false alarm, and makes no other less sure.
            moves = len({each for calls in (old, new) for c in calls for each in c}) > 1
            (found if moves else still).extend(_verdicts(name, old, new))
    return [*_corrected(found), *still]


def _verdicts(name: str, old: Calls, new: Calls) -> list[Verdict]:
    groups_old, groups_new = clustered(old), clustered(new)
    if (len(groups_old) == len(list(filter(len, old)))) != (
        len(groups_new) == len(list(filter(len, new)))
    ):  # few calls on one side: turns are dealt out on both
        groups_old = [[each] for call in old for each in call]
        groups_new = [[each] for call in new for each in call]
    chances = _chances(groups_old, groups_new)
    flat_old = [each for call in old for each in call]
    flat_new = [each for call in new for each in call]
    return [
        Verdict(
            f"{name}.{at}",
            float(np.quantile(flat_old, share)),
            float(np.quantile(flat_new, share)),
            "same",
            chance,
        )
        for (at, share), chance in zip(
            (("p50", 0.5), ("p95", 0.95)), chances, strict=True
        )
    ]


def _chances(
    old: Sequence[Sequence[float]], new: Sequence[Sequence[float]]
) -> tuple[float, float]:
    """How often chance gives as large a difference: as a whole, and of the slowest."""
    groups = [*old, *new]
    values = np.concatenate([np.asarray(each, float) for each in groups])
    whose = np.repeat(np.arange(len(groups)), [len(each) for each in groups])
    slowest_first = np.argsort(-values)
    values, whose = values[slowest_first], whose[slowest_first]
    is_new = np.arange(len(groups)) >= len(old)
    dice = np.random.default_rng(0)
    seen = _differences(values, is_new[np.newaxis, whose])
    at_once = max(1, min(500, MAX_CELLS // len(values)))
    beyond, deals = np.zeros(2), 0
    while deals < DEALS and beyond.min() < ENOUGH:
        dealt = dice.permuted(np.tile(is_new, (at_once, 1)), axis=1)
        found = _differences(values, dealt[:, whose])
        beyond += (np.abs(found) >= np.abs(seen) - 1e-9).sum(axis=0)
        deals += at_once
    chance = (beyond + 1) / (deals + 1)
    return float(chance[0]), float(chance[1])


def _differences(
    values: NDArray[np.float64], is_new: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """How much more the new ones are: on average, and in the slowest tenth.

    Args:
        values: the largest first.
        is_new: which of them are new; shape (deals, values).

    Returns:
        Shape (deals, 2).
    """
    whole = np.clip(values, *np.quantile(values, [WINSOR, 1 - WINSOR]))
    found = np.zeros((len(is_new), 2))
    for sign, mine in ((1, is_new), (-1, ~is_new)):
        count = mine.sum(axis=1)
        few: NDArray[np.float64] = (TAIL * count).round().clip(min=1)
        place: NDArray[np.intp] = mine.cumsum(axis=1)
        slowest = mine & (place <= few[:, np.newaxis])
        found[:, 0] += sign * (mine @ whole) / count
        found[:, 1] += sign * (slowest @ values) / few
    return found


def _corrected(verdicts: Sequence[Verdict]) -> list[Verdict]:
    """With what each has come to; Holm: from the least likely on, until one fails."""
    allowed = set[str]()
    ranked = sorted(verdicts, key=lambda each: each.chance)
    for place, each in enumerate(ranked):
        if each.chance > CHANCE / (len(ranked) - place):
            break
        allowed.add(each.figure)
    return [
        Verdict(
            each.figure, each.before, each.after, _change(each, allowed), each.chance
        )
        for each in verdicts
    ]


def _change(verdict: Verdict, allowed: set[str]) -> Change:
    more = verdict.after - verdict.before
    is_one = abs(more) >= max(LEAST_MS, LEAST * verdict.before)
    if verdict.figure not in allowed or not is_one:
        return "same"
    return "slower" if more > 0 else "faster"

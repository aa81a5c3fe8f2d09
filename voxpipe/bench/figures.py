"""Series of times, and what is told of them: quantiles, and how sure one can be.

A series is a list for each call: what happens in one call hangs together, so whole
calls are drawn again when it is asked what another run would have given.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Calls = Sequence[Sequence[float]]
"""Of each call, its values; in milliseconds, where they are times."""

QUANTILES = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99}
RESAMPLES = 500  # of a bootstrap; the interval's ends move by 2 % of its width
SURE = 0.95  # of the intervals that are told
FEW = 8  # calls; with fewer, turns are drawn, as if each were a call of its own
MAX_CELLS = 4_000_000  # of one array: 32 MB


@dataclass(frozen=True, slots=True)
class Figure:
    """What is told of a series; all in its own unit.

    Attributes:
        count: how many values there are.
        mean: of them.
        p50: the median; and so on.
        p90: of ten, nine are below.
        p95: of twenty, nineteen.
        p99: of a hundred, ninety-nine.
        max: the worst.
        interval: for each quantile, between what and what it would lie, in 95 of 100
            such runs (bootstrap); empty where there are fewer than two values.
    """

    count: int = 0
    mean: float = 0.0
    p50: float = 0.0
    p90: float = 0.0
    p95: float = 0.0
    p99: float = 0.0
    max: float = 0.0
    interval: dict[str, tuple[float, float]] = field(
        default_factory=dict[str, tuple[float, float]]
    )


def figure(calls: Calls) -> Figure:
    """What is told of a series."""
    values = np.sort(np.array([each for call in calls for each in call], float))
    if not len(values):
        return Figure()
    points = np.quantile(values, list(QUANTILES.values()))
    told = {name: _round(at) for name, at in zip(QUANTILES, points, strict=True)}
    interval = dict[str, tuple[float, float]]()
    if len(values) > 1:
        tails = [(1 - SURE) / 2, (1 + SURE) / 2]
        ends = np.quantile(_resampled(clustered(calls)), tails, axis=0)
        for at, name in enumerate(QUANTILES):
            interval[name] = _round(ends[0, at]), _round(ends[1, at])
    return Figure(
        count=len(values),
        mean=_round(values.mean()),
        max=_round(values[-1]),
        interval=interval,
        **told,
    )


def clustered(calls: Calls) -> list[Sequence[float]]:
    """What is drawn at once: calls with values, or turns where there are few calls."""
    some = [call for call in calls if len(call)]
    return some if len(some) >= FEW else [[each] for call in some for each in call]


def _resampled(groups: Sequence[Sequence[float]]) -> NDArray[np.float64]:
    """The quantiles of runs that are drawn from this one; shape (runs, quantiles)."""
    dice = np.random.default_rng(0)  # the same run is always told the same
    values = np.concatenate([np.asarray(each, float) for each in groups])
    whose = np.repeat(np.arange(len(groups)), [len(each) for each in groups])
    order = np.argsort(values)
    values, whose = values[order], whose[order]
    runs = max(50, min(RESAMPLES, MAX_CELLS // len(values)))
    share = [1 / len(groups)] * len(groups)
    weights = dice.multinomial(len(groups), share, size=runs)[:, whose].cumsum(axis=1)
    found = np.empty((runs, len(QUANTILES)))
    for column, at in enumerate(QUANTILES.values()):
        # Between two neighbours of those that were drawn, as `np.quantile` has it.
        place = at * (weights[:, -1] - 1)
        below = _drawn(values, weights, np.floor(place))
        above = _drawn(values, weights, np.ceil(place))
        found[:, column] = below + (above - below) * (place % 1)
    return found


def _drawn(
    values: NDArray[np.float64],
    weights: NDArray[np.int64],
    place: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Of each run, the value that is at this place of all that were drawn."""
    at = (weights <= place[:, np.newaxis]).sum(axis=1)
    drawn: NDArray[np.float64] = values[np.minimum(at, len(values) - 1)]
    return drawn


def _round(value: float) -> float:
    return round(float(value), 3)

"""A row of the table: what is promised, how much of it, and what was measured now."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

Verdict = Literal["holds", "short", "missing", "INVALID"]


@dataclass(frozen=True, slots=True)
class Figure:
    """What a row has measured.

    Attributes:
        said: in words and numbers.
        kept: whether the target is met.
    """

    said: str
    kept: bool


Measure = Callable[[], Figure]


@dataclass(frozen=True, slots=True)
class Row:
    """One promise.

    Attributes:
        number: by which it is asked for.
        promise: in words.
        target: what the figure is held against.
        measure: how; or, in words, why it is not measured here.
        timed: its figure is lateness, which a busy machine spoils.
    """

    number: int
    promise: str
    target: str
    measure: Measure | str
    timed: bool = False


@dataclass(frozen=True, slots=True)
class Result:
    """A row with its verdict.

    Attributes:
        row: which.
        said: its figure, or why there is none.
        verdict: what became of it.
        seconds: that it took.
    """

    row: Row
    said: str
    verdict: Verdict
    seconds: float = 0.0


def judged(
    row: Row, figure: Figure | None, objections: Sequence[str], seconds: float = 0.0
) -> Result:
    """Hold a figure against its target.

    Args:
        row: which.
        figure: what it has measured; ``None`` when nothing measures it.
        objections: to believing this machine's clock, see `benchmarks.calls.machine`.
        seconds: that it took.
    """
    if figure is None:
        return Result(row, str(row.measure), "missing")
    if row.timed and objections:
        return Result(row, f"{figure.said}; but {objections[0]}", "INVALID", seconds)
    return Result(row, figure.said, "holds" if figure.kept else "short", seconds)

"""Series of short times, and what is told of them."""

from __future__ import annotations

from collections.abc import Sequence

Summary = dict[str, float]


class Delays:
    """Seconds, collected; told in milliseconds."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    def add(self, seconds: float) -> None:
        """One more."""
        self.seconds.append(seconds)

    def summary(self) -> Summary:
        """Percentiles in ms; empty if there were none."""
        return summary(self.seconds)


def summary(seconds: Sequence[float]) -> Summary:
    """Count, p50, p95, p99 and max, in ms; empty if there were none."""
    if not seconds:
        return {}
    ordered = sorted(seconds)
    points = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "max": 1.0}
    found = {"count": float(len(ordered))}
    for name, share in points.items():
        found[name] = round(percentile(ordered, share) * 1e3, 2)
    return found


def percentile(ordered: Sequence[float], share: float) -> float:
    """Of a sorted series, linear between neighbours."""
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)

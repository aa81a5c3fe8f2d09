"""What must not be, for continuous integration: ``turn.p95 > +10%``."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from voxpipe.pipeline import ConfigurationError

from .compare import Verdict
from .turns import STAGES

COUNTS = (
    "stale_frames",
    "underruns",
    "cpu_percent_per_call",
    "memory_kb_per_call",
    "faults",
)
TIMES = ("total", "ours", "model", *STAGES, "barge_in", "greeting")
POINTS = ("p50", "p90", "p95", "p99", "max", "mean")
JUDGED = ("p50", "p95")  # those that are compared by a test
SURE = 0.05  # how often chance may do as much, for one figure that was named before

_RULE = re.compile(r"\s*([a-z_]+)(?:\.([a-z0-9]+))?\s*>\s*(\+?)([0-9.]+)\s*(%|ms)?\s*")
_SHOULD = (
    "expected such as 'turn.p95 > +10%' (than before), 'ours.p99 > 80ms' or "
    "'underruns > 0'"
)


@dataclass(frozen=True, slots=True)
class Limit:
    """What must not be.

    Attributes:
        text: as it was written.
        name: of a latency, or of a count.
        at: which quantile of a latency; empty for a count.
        most: what is allowed.
        kind: of what it is: the figure itself, or how much more it is than before, in
            percent or in its own unit.
    """

    text: str
    name: str
    at: str
    most: float
    kind: Literal["value", "percent", "more"]

    def broken(
        self, report: Mapping[str, Any], before: Mapping[str, Any] | None
    ) -> bool:
        """Whether the figure is beyond it.

        Raises:
            ConfigurationError: it needs an older report.
        """
        value = self.value(report)
        if self.kind == "value":
            return value > self.most
        if before is None:
            raise ConfigurationError(
                f"{self.text!r} says how much more than before: give --compare with "
                "an older report.json"
            )
        old = self.value(before)
        most = (
            old * (1 + self.most / 100) if self.kind == "percent" else old + self.most
        )
        return value > most

    def value(self, report: Mapping[str, Any]) -> float:
        """The figure; 0 where nothing of it was measured."""
        if self.name == "faults":
            return float(sum(report["faults"].values()))
        if not self.at:
            return float(report[self.name])
        if self.name in ("barge_in", "greeting"):
            return float(report[f"{self.name}_ms"][self.at])
        figure = report["latency_ms"].get(self.name)
        return float(figure[self.at]) if figure else 0.0

    def is_noise(self, verdicts: Sequence[Verdict]) -> bool:
        """Whether chance alone does as much often enough; where a test can tell."""
        if self.kind == "value":
            return False
        of_it = [v for v in verdicts if v.figure.partition(".")[0] == self.name]
        # Of other points than those that are judged, both have to be noise.
        asked = f"{self.name}.{self.at}"
        judged = [v for v in of_it if v.figure == asked] or of_it
        return bool(judged) and all(v.chance > SURE for v in judged)


def parse_limit(text: str) -> Limit:
    """Read what must not be.

    >>> parse_limit("turn.p95 > +10%").kind
    'percent'

    Raises:
        ConfigurationError: it is no such thing.
    """
    match = _RULE.fullmatch(text)
    if match is None:
        raise ConfigurationError(f"{_SHOULD}, got {text!r}")
    name, at, plus, number, unit = match.groups()
    name = {"turn": "total"}.get(name, name)
    is_count = name in COUNTS
    if not is_count and name not in TIMES:
        known = ", ".join(("turn", *TIMES[1:], *COUNTS))
        raise ConfigurationError(f"{text!r}: there is no {name}; there are {known}")
    if is_count == bool(at) or (at and at not in POINTS):
        raise ConfigurationError(
            f"{text!r}: a latency has one of {', '.join(POINTS)}, a count has none"
        )
    if (unit == "%" and not plus) or (is_count and unit == "ms"):
        raise ConfigurationError(f"{text!r}: {_SHOULD}")
    try:
        most = float(number)
    except ValueError:
        raise ConfigurationError(f"{text!r}: {number} is no number") from None
    kind: Literal["value", "percent", "more"] = "value"
    if plus:
        kind = "percent" if unit == "%" else "more"
    return Limit(text, name, at or "", most, kind)

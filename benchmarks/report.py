"""What every benchmark has in common: its options, its statistics, its last line.

Figures are compared within one run and in interleaved rounds, because two runs on one
machine differ by more than what is to be seen. A promise is held against the median;
the minimum beside it is what the machine can do when nobody disturbs it.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal


class CannotMeasure(Exception):
    """Something that the measurement needs is not there, or broke."""


@dataclass(frozen=True, slots=True)
class Options:
    """How thoroughly to measure.

    Attributes:
        share: of the full work; less is to see that it runs, not to quote.
        peers: whether to measure other frameworks beside ours.
    """

    share: float = 1.0
    peers: bool = True

    def scaled(self, count: int) -> int:
        """This share of ``count``, but never nothing."""
        return max(1, round(count * self.share))


@dataclass(frozen=True, slots=True)
class Promise:
    """A number that voxpipe stands for.

    Attributes:
        what: in words.
        value: as measured; ``None`` when it could not be, here.
        limit: what was promised.
        sense: on which side of the limit the value has to be.
        unit: of both.
    """

    what: str
    value: float | None
    sense: Literal["at most", "at least"]
    limit: float
    unit: str

    @property
    def kept(self) -> bool | None:
        """Whether it holds; ``None`` when it was not measured."""
        if self.value is None:
            return None
        if self.sense == "at most":
            return self.value <= self.limit
        return self.value >= self.limit

    def __str__(self) -> str:
        verdict = {True: "kept", False: "MISSED", None: "not measured"}[self.kept]
        value = "-" if self.value is None else f"{_rounded(self.value)} {self.unit}"
        limit = f"{self.sense} {self.limit:g} {self.unit}"
        return f"{verdict:>12}  {self.what}: {value}, promised {limit}"


@dataclass(slots=True)
class Report:
    """The outcome of one benchmark.

    Attributes:
        name: its module's.
        figures: by name, with the unit at its end.
        promises: held against the figures.
    """

    name: str
    figures: dict[str, object] = field(default_factory=dict[str, object])
    promises: list[Promise] = field(default_factory=list[Promise])

    def add(self, name: str, series: Sequence[float], label: str, unit: str) -> float:
        """Keep and print a series; returns its median."""
        middle, low, high = statistics.median(series), min(series), max(series)
        self.figures[name] = {
            "median": round(middle, 4),
            "min": round(low, 4),
            "max": round(high, 4),
        }
        print(f"{label:<52} {middle:9.3f} {unit}   (min {low:.3f}, max {high:.3f})")
        return middle

    def promise(
        self,
        what: str,
        value: float | None,
        sense: Literal["at most", "at least"],
        limit: float,
        unit: str,
    ) -> None:
        """Hold a value against what was promised (see `Promise`)."""
        self.promises.append(Promise(what, value, sense, limit, unit))

    def finish(self, options: Options) -> bool:
        """Print the promises and the last line; says whether none was missed."""
        for promise in self.promises:
            print(promise)
        missed = any(promise.kept is False for promise in self.promises)
        last: dict[str, object] = {
            "benchmark": self.name,
            "figures": self.figures,
            "promises": [
                {
                    "what": each.what,
                    "value": None if each.value is None else round(each.value, 4),
                    "sense": each.sense,
                    "limit": each.limit,
                    "unit": each.unit,
                    "kept": each.kept,
                }
                for each in self.promises
            ],
            "kept": not missed,
            "share": options.share,
            "python": platform.python_version(),
            "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        }
        print(json.dumps(last))
        return not missed


def _rounded(value: float) -> str:
    return f"{value:.3g}" if value < 1000 else f"{value:,.0f}"


def main(name: str, measure: Callable[[Report, Options], None]) -> None:
    """Run one benchmark as a program.

    Exits with 0 when it measured, with 1 when it could not, or when ``--check`` was
    asked for and a promise is missed.
    """
    parser = argparse.ArgumentParser(prog=f"python -m benchmarks.{name}")
    parser.add_argument("--quick", action="store_true", help="a fifth of the work")
    parser.add_argument(
        "--check", action="store_true", help="exit with 1 when a promise is missed"
    )
    parser.add_argument(
        "--no-peers", action="store_true", help="do not measure other frameworks"
    )
    arguments = parser.parse_args()
    options = Options(
        share=0.2 if arguments.quick else 1.0, peers=not arguments.no_peers
    )
    report = Report(name)
    try:
        measure(report, options)
    except CannotMeasure as error:
        print(f"could not measure: {error}", file=sys.stderr)
        sys.exit(1)
    if not report.finish(options) and arguments.check:
        sys.exit(1)

"""``benchmarks/RESULTS.md`` and its picture, from one run."""

from __future__ import annotations

import json
import platform
import statistics
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import voxpipe

from .contenders import CONTENDERS, PEERS, ROOT
from .machine import description
from .outcome import Outcome
from .plot import draw
from .targets import Findings, Target, targets

RESULTS = ROOT / "benchmarks" / "RESULTS.md"
PICTURE = ROOT / "benchmarks" / "calls.svg"

_OURS = ("anyio", "websockets", "numpy", "soxr", "onnxruntime", "uvicorn", "uvloop")


def publish(findings: Findings, folder: Path = RESULTS.parent) -> None:
    """Write both files."""
    tried = {name: limit.tried for name, limit in findings.limits.items()}
    costs = {name: _middle(found, "cpu") for name, found in _all(findings).items()}
    (folder / PICTURE.name).write_text(draw(tried, costs))
    (folder / RESULTS.name).write_text("\n".join(_page(findings)) + "\n")


def last_line(findings: Findings) -> str:
    """Everything as one line of JSON."""
    judged = targets(findings)
    return json.dumps(
        {
            "benchmark": "calls",
            "objections": findings.objections,
            "targets": [
                {
                    "what": each.what,
                    "promised": each.promised,
                    "measured": each.measured,
                    "verdict": each.verdict,
                }
                for each in judged
            ],
            "outcomes": [
                {name: [o.to_json() for o in each] for name, each in group.items()}
                for group in findings.groups
            ],
            "largest": {
                name: {"calls": each.calls, "broken": each.broken}
                for name, each in findings.limits.items()
            },
            "holding": findings.holding and findings.holding.to_json(),
        }
    )


def lines(judged: Sequence[Target]) -> Iterator[str]:
    """The verdicts, for a terminal."""
    for each in judged:
        measured = each.measured or "-"
        yield f"{each.verdict:>12}  {each.what}: {measured} ({each.promised})"
    for reason in dict.fromkeys(reason for each in judged for reason in each.reasons):
        yield f"{'INVALID':>12}, because {reason}"


def _page(findings: Findings) -> Iterator[str]:
    yield "# Phone calls on one core"
    yield ""
    yield f"{date.today():%d %B %Y}, by `make bench-calls`, which overwrites this page."
    yield "How it is measured stands in [README.md](README.md)."
    yield ""
    yield f"- machine: {description()}"
    yield f"- versions: {_versions()}"
    for each in findings.objections:
        yield f"- **INVALID**: {each}"
    yield ""
    yield "![reply latency and CPU](calls.svg)"
    yield ""
    yield "## Promises"
    yield ""
    yield "| | measured | promised | |"
    yield "| --- | ---: | ---: | --- |"
    for target in targets(findings):
        verdict = f"**{target.verdict}**" if target.verdict != "kept" else "kept"
        yield f"| {target.what} | {target.measured} | {target.promised} | {verdict} |"
    yield from _reasons(targets(findings))
    yield from _side_by_side(findings)
    yield from _limits(findings)


def _reasons(judged: Sequence[Target]) -> Iterator[str]:
    reasons = dict.fromkeys(reason for each in judged for reason in each.reasons)
    if reasons:
        yield ""
        yield "Not to be believed, because:"
        yield ""
        yield from (f"- {each}" for each in reasons)


def _side_by_side(findings: Findings) -> Iterator[str]:
    yield ""
    yield "## Side by side"
    yield ""
    yield "Medians over the rounds, minimum and maximum in brackets where they matter."
    for found in filter(None, (*findings.groups, findings.uvloop)):
        if found is findings.uvloop:
            yield ""
            yield "On uvloop:"
        yield ""
        yield (
            "| | calls | CPU of a call | memory | p50 | p95 | p99 | clear p50 | p99 "
            "| underruns | stale | faults |"
        )
        yield "| --- |" + " ---: |" * 11
        for name, outcomes in found.items():
            yield _line(name, outcomes)


def _line(name: str, outcomes: Sequence[Outcome]) -> str:
    costs = [each.cpu * 100 for each in outcomes]
    cells = [
        f"{name} {CONTENDERS[name].title}",
        f"{outcomes[0].calls}",
        f"{statistics.median(costs):.3f} % ({min(costs):.3f}–{max(costs):.3f})",
        f"{_middle(outcomes, 'memory') / 1024:.0f} kB",
        *(_point(outcomes, "latency", at) for at in ("p50", "p95", "p99")),
        *(_point(outcomes, "clearing", at) for at in ("p50", "p99")),
        f"{sum(each.underruns for each in outcomes)}",
        f"{sum(each.stale for each in outcomes)}",
        f"{sum(sum(each.faults.values()) for each in outcomes)}",
    ]
    return f"| {' | '.join(cells)} |"


def _limits(findings: Findings) -> Iterator[str]:
    if findings.holding is not None:
        each = findings.holding
        yield ""
        yield (
            f"{each.calls} connected calls of which {each.talking} talk: "
            f"{each.rss / 2**20:.0f} MB in all, {each.server_load:.0%} of the core, "
            f"{sum(each.faults.values())} faults."
        )
    if not findings.limits:
        return
    yield ""
    yield "## How many calls each holds"
    yield ""
    yield "| | largest | p95 at 5 calls | what breaks first |"
    yield "| --- | ---: | ---: | --- |"
    for name, limit in findings.limits.items():
        few = f"{limit.tried[0].p95:.0f} ms"
        title = CONTENDERS[name].title
        yield f"| {name} {title} | {limit.calls} | {few} | {limit.broken} |"


def _all(findings: Findings) -> dict[str, Sequence[Outcome]]:
    """For each contender its outcomes in the pair with the most calls."""
    found: dict[str, Sequence[Outcome]] = {}
    for rounds in findings.groups:
        for name, outcomes in rounds.items():
            if name not in found or outcomes[0].calls > found[name][0].calls:
                found[name] = outcomes
    return {name: found[name] for name in CONTENDERS if name in found}


def _middle(outcomes: Sequence[Outcome], figure: str) -> float:
    return statistics.median(float(getattr(each, figure)) for each in outcomes)


def _point(outcomes: Sequence[Outcome], series: str, point: str) -> str:
    found: list[Mapping[str, float]] = [getattr(each, series) for each in outcomes]
    values = [each[point] for each in found if point in each]
    return f"{statistics.median(values):.0f} ms" if values else "–"


def _versions() -> str:
    told = [f"Python {platform.python_version()}", f"voxpipe {voxpipe.__version__}"]
    for name in _OURS:
        try:
            told.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    peers = PEERS.parent.parent.glob("lib/python*/site-packages/pipecat_ai-*.dist-info")
    told += [f"pipecat-ai {each.stem.split('-')[1]}" for each in peers]
    return ", ".join(told)

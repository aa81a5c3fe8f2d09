"""What a run found, in a terminal: a bar for each stage, and what to look at first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .turns import STAGES

BAR = 28  # columns
BUSY = 85.0  # percent of a core, of callers or model: then the figures are theirs
LEAST = 0.002  # of a turn: what is less is not drawn
NAMES = {
    "total": "a turn",
    "ours": "of it ours",
    "model": "of it the model's",
    "inbound": "to the model",
    "turn_detection": "end of speech decided",
    "commit": "committed",
    "first_delta": "first delta",
    "tools": "tools",
    "release": "out of the model's box",
    "graph": "written to the line",
    "line": "heard",
    "barge_in": "barge-in: loud to clear",
    "greeting": "greeting",
}
"""As people are told of them."""

Told = Mapping[str, Any]


def table(report: Told) -> str:
    """The whole of it."""
    return "\n".join(_lines(report))


def _lines(report: Told) -> Iterator[str]:
    plan = report["plan"]
    time = "virtual time" if plan["clock"] == "virtual" else "real time"
    carrier = plan["over"].capitalize()
    over = "in memory" if carrier == "Memory" else f"over {carrier}'s protocol"
    turns = report["turns"]
    yield (
        f"{report['app']}: {report['calls']} calls {over}, {turns} turns, "
        f"{report['seconds']:.0f} s in {time}"
    )
    yield ""
    if turns:
        yield from _latencies(report)
    else:
        yield "  No turn was answered: see the faults below."
    yield ""
    yield from _figures(report)
    yield ""
    yield from _findings(report)


def _latencies(report: Told) -> Iterator[str]:
    latency = report["latency_ms"]
    points = "".join(f"{at:>8}" for at in ("p50", "p90", "p95", "p99"))
    yield f"  {'milliseconds':<24}{points}   95 of 100 runs"
    most = latency["total"]["p50"] or 1.0
    before = 0.0
    for name in ("total", "ours", "model"):
        yield _row(NAMES[name], latency[name])
    yield ""
    for name in STAGES:
        if name not in latency:
            continue
        part = latency[name]["p50"] / most
        whose = "model" if report["sides"].get(name) == "model" else "ours"
        bar = _bar(before, part, "░" if whose == "model" else "█")
        before += part
        yield _row(NAMES[name], latency[name], bar)
    yield f"  {'':<24}{'':>32}   █ ours  ░ the model's, at p50"


def _row(name: str, figure: Told, bar: str | None = None) -> str:
    if not figure["count"]:
        return f"  {name:<24}{'–':>8}"
    values = "".join(f"{figure[at]:>8.0f}" for at in ("p50", "p90", "p95", "p99"))
    if bar is None:
        low, high = figure["interval"].get("p50", (figure["p50"],) * 2)
        bar = f"p50 is {low:.0f} to {high:.0f}"
    return f"  {name:<24}{values}   {bar}".rstrip()


def _bar(begin: float, length: float, sign: str) -> str:
    if length < LEAST:
        return ""
    at = min(round(begin * BAR), BAR - 1)
    return " " * at + sign * max(round((begin + length) * BAR) - at, 1)


def _figures(report: Told) -> Iterator[str]:
    if report["barge_in_ms"]["count"]:
        yield _row(NAMES["barge_in"], report["barge_in_ms"])
    if report["greeting_ms"]["count"]:
        yield _row(NAMES["greeting"], report["greeting_ms"])
    whose = report["cpu_and_memory_of"]
    yield (
        f"  {report['interruptions']} interruptions, {report['stale_frames']} stale "
        f"frames, {report['underruns']} underruns"
    )
    yield (
        f"  {report['cpu_percent_per_call']:.2f} % of a core and "
        f"{report['memory_kb_per_call']:.0f} kB for each call ({whose})"
    )
    for name, percent in report["percent_of_a_core"].items():
        if percent > BUSY:
            yield f"  DOUBTFUL: too many calls: {name} took {percent:.0f} % of a core"
    lag = report["loop_lag_ms"]
    if lag["count"]:
        yield f"  the event loop was late by {lag['p99']:.0f} ms at p99"
    for name, count in {**report["faults"], **report["failures"]}.items():
        yield f"  FAULT: {count} × {name}"


def _findings(report: Told) -> Iterator[str]:
    for number, each in enumerate(report["bottlenecks"]):
        head = "Look first at" if number == 0 else "then at"
        yield f"{head} {each['name']} ({each['kind']}): {each['why']}"
        yield f"    {each['cure']}"

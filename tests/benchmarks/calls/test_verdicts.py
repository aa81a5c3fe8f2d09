"""A verdict is kept, missed, or INVALID; and how many calls are held is found."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from benchmarks.calls.carriers import judged
from benchmarks.calls.machine import objections
from benchmarks.calls.outcome import Outcome, outcome
from benchmarks.calls.results import last_line, lines, publish
from benchmarks.calls.search import Limit, failing
from benchmarks.calls.table import row
from benchmarks.calls.targets import Findings, Target, targets

GOOD = Outcome(
    contender="b",
    calls=100,
    talking=100,
    seconds=20.0,
    cpu=0.005,
    memory=200_000.0,
    rss=90e6,
    replies=250,
    latency={"count": 250, "p50": 702, "p95": 711, "p99": 715, "max": 720},
    clearing={"count": 80, "p50": 1.0, "p95": 3.0, "p99": 9.0, "max": 12.0},
    underruns=0,
    stale=0,
    faults={},
    lag={"count": 20_000, "p50": 0.5, "p95": 0.9, "p99": 1.2, "max": 4.0},
    late={"count": 4_000, "p50": 0.5, "p95": 0.9, "p99": 1.2, "max": 4.0},
    load=0.3,
    server_load=0.5,
    foreign=0.02,
    stolen=0.0,
)
BRIDGE = replace(GOOD, contender="a1")
FAST = replace(GOOD, contender="bf", memory=140_000.0)
PICOWS = replace(GOOD, contender="f1", cpu=0.0032)
SOXR = replace(GOOD, contender="a2", latency={"p95": 880.0})


def limit(name: str, calls: int) -> Limit:
    tried = [replace(GOOD, contender=name, calls=n) for n in (5, calls, calls + 5)]
    return Limit(calls, f"at {calls + 5} calls: p95", tuple(tried))


def findings(ours: Outcome, *objected: str) -> Findings:
    return Findings(
        objections=objected,
        groups=[
            {"a1": [BRIDGE] * 3, "b": [ours] * 3},
            {"a2": [SOXR], "c": [replace(GOOD, contender="c")]},
            {"a1": [BRIDGE], "d": [replace(GOOD, contender="d", calls=50)]},
        ],
        limits={
            name: limit(name, calls)
            for name, calls in {
                "a1": 190,
                "b": 180,
                "d": 90,
                "e1": 30,
                "e2": 15,
            }.items()
        },
        holding=replace(GOOD, calls=500, talking=25),
        uvloop={"f1": [PICOWS] * 3, "bf": [FAST] * 3},
    )


def missed(ours: Outcome) -> list[Target]:
    return [each for each in targets(findings(ours)) if each.verdict != "kept"]


def test_all_is_kept_when_all_is_good() -> None:
    assert missed(GOOD) == []
    assert len(targets(findings(GOOD))) == 15


@pytest.mark.parametrize(
    ("worse", "what"),
    [
        ({"latency": {"p95": 742.0}}, "p95"),
        ({"cpu": 0.0056}, "CPU"),
        ({"underruns": 1}, "underruns"),
        ({"stale": 1}, "stale"),
        ({"faults": {"dropped": 1}}, "fault"),
        ({"clearing": {"p99": 21.0}}, "clear"),
        ({"memory": 513 * 1024}, "memory"),
    ],
)
def test_each_promise_can_be_missed(worse: dict[str, Any], what: str) -> None:
    (one,) = missed(replace(GOOD, **worse))
    assert one.verdict == "MISSED"
    assert what in one.what


@pytest.mark.parametrize(
    ("worse", "what"), [({"cpu": 0.0052}, "picows"), ({"memory": 160_000.0}, "memory")]
)
def test_so_can_those_of_the_fast_sockets(worse: dict[str, Any], what: str) -> None:
    slow = replace(FAST, **worse)
    found = replace(findings(GOOD), uvloop={"f1": [PICOWS] * 3, "bf": [slow] * 3})
    (one,) = [each for each in targets(found) if each.verdict != "kept"]
    assert one.verdict == "MISSED"
    assert what in one.what


@pytest.mark.parametrize(
    "fault",
    [
        {"lag": {"p99": 5.1}},
        {"late": {"p99": 10.1}},
        {"load": 0.86},
        {"foreign": 0.11},
        {"stolen": 0.1},
    ],
)
def test_a_generator_at_its_limit_makes_the_verdict_invalid(
    fault: dict[str, Any],
) -> None:
    trial = replace(GOOD, underruns=7, **fault)
    assert trial.invalid
    assert {each.verdict for each in missed(trial)} == {"INVALID"}
    assert "INVALID" in row(trial)


@pytest.mark.parametrize(
    ("disturbed", "ours", "verdict"),
    [
        ("a1", 150, "kept"),  # five times Pipecat's 25 will do, whatever the bridge's
        ("a1", 120, "INVALID"),  # it hangs on the bridge's 100
        ("e1", 95, "kept"),  # 0.9 of the bridge's will do, whatever Pipecat's
        ("b", 150, "INVALID"),
    ],
)
def test_only_a_doubt_on_which_the_verdict_hangs_makes_it_invalid(
    disturbed: str, ours: int, verdict: str
) -> None:
    limits = {"a1": 100, "b": ours, "e1": 25}
    found = findings(GOOD)
    held = {name: limit(name, calls) for name, calls in limits.items()}
    *tried, last = held[disturbed].tried
    last = replace(last, stolen=0.5)
    held[disturbed] = replace(held[disturbed], tried=(*tried, last))
    judged = targets(replace(found, limits=held))
    (largest,) = (each for each in judged if each.what.startswith("(b) largest"))
    assert largest.verdict == verdict


def test_a_loaded_machine_makes_every_verdict_invalid() -> None:
    judged = targets(findings(GOOD, "others use 40% of core 0"))
    assert {each.verdict for each in judged} == {"INVALID"}
    assert "others use 40%" in "\n".join(lines(judged))


def test_what_was_not_measured_is_not_judged() -> None:
    judged = targets(Findings((), [], {}, None))
    assert {each.verdict for each in judged} == {"not measured"}


@pytest.mark.parametrize(
    ("busy", "stolen", "spins", "said"),
    [
        ([0.01, 0.02], [0.0, 0.0], [[0.010, 0.0104], [0.021]], ""),
        ([0.01], [0.0], [], "two cores"),
        ([0.4, 0.0], [0.0, 0.0], [], "others use 40% of core 0"),
        ([0.0, 0.0], [0.0, 0.2], [], "the host takes 20% of core 1"),
        ([0.0, 0.0], [0.0, 0.0], [[0.010], [0.030]], "200% longer"),
    ],
)
def test_the_machine_is_looked_at_first(
    busy: list[float], stolen: list[float], spins: list[list[float]], said: str
) -> None:
    assert said in " ".join(objections(busy, stolen, spins))
    assert bool(said) == bool(objections(busy, stolen, spins))


def test_calls_are_held_within_100_ms_of_the_best_and_without_a_fault() -> None:
    slow = replace(GOOD, latency={"p95": 812.0})
    assert failing(GOOD, GOOD) == ""
    assert "812" in failing(slow, GOOD)
    assert "3 dropped" in failing(replace(GOOD, faults={"dropped": 3}), GOOD)
    assert failing(replace(GOOD, latency={}), GOOD)


def test_cpu_and_memory_are_told_for_each_call() -> None:
    found: dict[str, Any] = {
        "calls": 10,
        "talking": 10,
        "used": {
            "clock": 20.0,
            "carrier": 2.0,
            "model": 1.0,
            "server": 5.0,
            "core0": 5.5,
            "core1": 4.0,
            "stolen0": 0.0,
            "stolen1": 0.2,
        },
        "idle_bytes": 50_000_000,
        "bytes": 60_000_000,
        "replies": 30,
        "latency_ms": {},
        "clear_ms": {},
        "underruns": 0,
        "stale": 0,
        "faults": {"dropped": 0},
        "lag_ms": {},
    }
    told = outcome("b", found, {}, 0, 1)
    assert told.cpu == pytest.approx(0.025)
    assert told.memory == pytest.approx(1_000_000)
    assert told.load == pytest.approx(0.15)
    assert told.foreign == pytest.approx(0.05)
    assert told.stolen == pytest.approx(0.01)
    assert told.faults == {}


def test_the_page_and_the_picture_are_written(tmp_path: Path) -> None:
    publish(findings(replace(GOOD, stale=2), "others use 40% of core 0"), tmp_path)
    page = (tmp_path / "RESULTS.md").read_text()
    assert "**INVALID**" in page
    assert "b voxpipe, G.711" in page
    assert "500 connected calls of which 25 talk" in page
    picture = ElementTree.parse(tmp_path / "calls.svg").getroot()
    assert picture.tag.endswith("svg")
    assert "INVALID" in last_line(findings(GOOD, "others use 40% of core 0"))


@pytest.mark.parametrize(
    ("cpu", "foreign", "verdict"),
    [
        (0.0054, 0.0, "kept"),
        (0.0056, 0.0, "MISSED"),
        (0.0054, 0.5, "INVALID (kept)"),
    ],
)
def test_a_wire_is_held_against_twilios(
    cpu: float, foreign: float, verdict: str
) -> None:
    ours = replace(GOOD, cpu=cpu, foreign=foreign)
    assert judged("vonage", [ours] * 3, [GOOD] * 3).endswith(f": {verdict}")

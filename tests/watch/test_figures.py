"""Counts become rates, and a queue that takes nothing more is full."""

from __future__ import annotations

from dataclasses import replace

import pytest

from voxpipe.pipeline.stats import BoxStats, InputStats, OutputStats, Stats
from voxpipe.watch.figures import figures

EMPTY = InputStats(
    capacity=64,
    capacity_ms=200,
    delivered=10,
    depth=0,
    depth_ms=0,
    high_water=0,
    high_water_ms=0,
    dropped=0,
    stale=0,
    discarded=0,
)
BEFORE = Stats(
    {"vad": BoxStats(10, 10, 0.5)}, {"a.in": EMPTY}, {"b.out": OutputStats(4, 0)}, {}
)


def test_rates_are_of_the_time_between_two_looks() -> None:
    now = Stats(
        {"vad": BoxStats(35, 35, 0.6)},
        {"a.in": replace(EMPTY, delivered=60, dropped=2)},
        {"b.out": OutputStats(5, 0), "c.new": OutputStats(1, 0)},
        {"a": 1},
    )
    told = figures(BEFORE, now, 0.5)
    assert told["boxes"]["vad"] == {"rate": 50, "busy": pytest.approx(0.2)}
    assert told["inputs"]["a.in"]["rate"] == 100
    assert told["inputs"]["a.in"]["dropped"] == 2
    assert told["outputs"] == {"b.out": {"rate": 2}, "c.new": {"rate": 2}}
    assert told["faults"] == {"a": 1}


@pytest.mark.parametrize(
    ("depth", "depth_ms", "is_full"),
    [(0, 0, False), (5, 180, False), (10, 200, True), (64, 0, True), (63, 0, False)],
)
def test_a_queue_is_full_when_no_frame_fits(
    depth: int, depth_ms: float, *, is_full: bool
) -> None:
    queue = replace(EMPTY, depth=depth, depth_ms=depth_ms)
    told = figures(BEFORE, replace(BEFORE, inputs={"a.in": queue}), 1.0)
    assert told["inputs"]["a.in"]["full"] is is_full


def test_a_run_that_has_begun_anew_has_no_negative_rates() -> None:
    again = replace(BEFORE, outputs={"b.out": OutputStats(0, 0)})
    assert figures(BEFORE, again, 1.0)["outputs"]["b.out"]["rate"] == 0

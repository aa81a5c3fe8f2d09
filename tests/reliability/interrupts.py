"""Rows 1 and 2: interruptions at random times, as `benchmarks.barge_in` makes them."""

from __future__ import annotations

from time import perf_counter

import anyio

from benchmarks.barge_in import ANY, SOON, Outcome, percentile, talk

from ..processors.realtime.loops import BACKENDS, run_virtually
from .row import Figure

SEEDS = 5
FRAME = 0.02  # seconds


def stale(count: int = 500, seeds: int = SEEDS) -> Figure:
    """What of an old reply a box or the device was given after the decision."""
    came = 0
    for backend in BACKENDS:
        for seed in range(seeds):
            cut: Outcome = run_virtually(
                backend, talk, "cut", count, ANY, FRAME, anyio.current_time, seed
            )
            came += cut.stale.delivered + cut.stale.written
    naive: Outcome = run_virtually("trio", talk, "in band", count // 10, ANY)
    seen = naive.stale.written  # or nothing was to be seen
    total = count * seeds * len(BACKENDS)
    said = f"{came:,} stale frames in {total:,} cuts (the naive way: {seen:,} in "
    return Figure(f"{said}{count // 10:,})", kept=came == 0 and seen > 0)


def latency(count: int = 200) -> Figure:
    """From the decision until the device was told to forget, in real time."""
    took = anyio.run(talk, "cut", count, SOON, FRAME, perf_counter).latencies
    p50, p99 = (percentile(took, percent) for percent in (50, 99))
    said = f"p50 {p50:.2f}, p99 {p99:.2f}, at most {max(took):.1f} ms"
    return Figure(said, kept=p99 <= 20)

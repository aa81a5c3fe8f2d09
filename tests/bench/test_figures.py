"""Quantiles, and how sure one can be of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxpipe.bench.figures import figure

values = st.lists(st.floats(0, 1e5), min_size=1, max_size=8)


@given(st.lists(values, min_size=1, max_size=12))
def test_quantiles_are_those_of_all_values_and_lie_in_their_intervals(
    calls: list[list[float]],
) -> None:
    flat = [each for call in calls for each in call]
    told = figure(calls)

    assert told.count == len(flat)
    assert told.p50 == pytest.approx(float(np.median(flat)), abs=1e-3)
    assert told.p50 <= told.p90 <= told.p95 <= told.p99 <= told.max + 1e-3
    for low, high in told.interval.values():
        assert min(flat) - 1e-3 <= low <= high <= told.max + 1e-3


def test_an_interval_holds_the_true_median_in_most_runs() -> None:
    dice = np.random.default_rng(5)
    held = 0
    for _ in range(60):
        calls = [[float(v) for v in dice.normal(500, 50, 4)] for _ in range(20)]
        low, high = figure(calls).interval["p50"]
        held += low <= 500 <= high

    assert held >= 51  # of 57 that are to be expected


def test_what_lies_between_two_kinds_of_turns_lies_in_its_interval() -> None:
    told = figure([[41.0, 62.0]] * 10)

    assert told.p50 == 51.5
    assert told.interval["p50"] == (51.5, 51.5)  # as every draw of these calls gives it


def test_calls_that_differ_make_one_less_sure() -> None:
    dice = np.random.default_rng(6)
    alike = [[float(v) for v in dice.normal(500, 50, 10)] for _ in range(12)]
    own = [[500 + float(o)] * 10 for o in dice.normal(0, 50, 12)]

    def width(calls: list[list[float]]) -> float:
        low, high = figure(calls).interval["p50"]
        return high - low

    assert width(own) > 1.5 * width(alike)


def test_nothing_gives_no_figure_and_one_value_no_interval() -> None:
    assert figure([[], []]).count == 0
    assert figure([[3.0]]).interval == {}
    assert figure([[3.0]]).p95 == 3.0

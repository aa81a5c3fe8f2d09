"""A run that is slower is told from one that only looks so."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.bench.apps import app
from tests.bench.quick import measured
from voxpipe.bench import Verdict, compared
from voxpipe.simulator import Line, Script, Timing

RUNS = 20
SLOWER = 1.1  # a tenth


def _samples(dice: np.random.Generator, factor: float, calls: int = 20) -> Any:
    """A report of calls whose turns take 700 ms, scattered as a model's are."""
    own = dice.normal(0, 15, calls)  # calls differ from each other, too
    total = [
        [float(each) for each in factor * (700 + mine + dice.gamma(4, 15, 4))]
        for mine in own
    ]
    ours = [[float(each) for each in factor * dice.gamma(8, 2, 4)] for _ in own]
    still = [[0.4] * 4 for _ in own]
    return {"samples": {"total": total, "ours": ours, "release": still}}


def _changed(verdicts: list[Verdict]) -> set[str]:
    return {each.figure for each in verdicts if each.change != "same"}


def test_noise_is_not_taken_for_a_change_in_19_of_20_pairs() -> None:
    dice = np.random.default_rng(1)
    wolves = sum(
        bool(_changed(compared(_samples(dice, 1), _samples(dice, 1))))
        for _ in range(RUNS)
    )

    assert wolves <= 1


def test_a_tenth_more_is_found_in_19_of_20_pairs() -> None:
    dice = np.random.default_rng(2)
    found = sum(
        "total.p50" in _changed(compared(_samples(dice, 1), _samples(dice, SLOWER)))
        for _ in range(RUNS)
    )

    assert found >= RUNS - 1


def test_what_is_always_the_same_is_compared_exactly() -> None:
    def report(ms: float) -> Any:
        return {"samples": {"graph": [[ms] * 3 for _ in range(10)]}}

    (slower, _), (same, _) = (
        compared(report(50), report(55)),
        compared(report(50), report(50)),
    )
    assert slower.change == "slower"
    assert slower.percent == pytest.approx(10)
    assert same.change == "same"


def test_faster_is_told_from_slower() -> None:
    dice = np.random.default_rng(3)
    verdicts = compared(_samples(dice, SLOWER), _samples(dice, 1))

    assert {v.change for v in verdicts if v.figure == "total.p50"} == {"faster"}


def test_a_slow_tail_is_found_where_the_median_has_not_moved() -> None:
    dice = np.random.default_rng(4)
    before, after = _samples(dice, 1, 40), _samples(dice, 1, 40)
    for call in after["samples"]["total"][::4]:
        call[0] += 600

    changed = _changed(compared(before, after))
    assert "total.p95" in changed
    assert "total.p50" not in changed


def test_calls_that_nobody_answered_give_no_verdict() -> None:
    unheard: list[list[float]] = [[], []]
    empty = {"samples": {"total": unheard}}

    assert compared(empty, empty) == []


@pytest.mark.slow
def test_in_virtual_time_a_tenth_is_found_and_no_wolf_is_cried() -> None:
    def report(seed: int, thinks: float) -> Any:
        timing = Timing(first_audio_ms=thinks, first_audio_spread_ms=25)
        script = Script(replies=[Line(say="Yes.")], then="repeat", timing=timing)
        return measured(
            app(), calls=10, seconds=3, seed=seed, script=script, spread=1
        ).report

    before = [report(seed, 200) for seed in range(RUNS + 1)]
    # 720 ms and more in all, of which a tenth is planted.
    after = [report(100 + seed, 275) for seed in range(RUNS)]

    found = wolves = 0
    for number in range(RUNS):
        old, again = before[number], before[number + 1]
        wolves += bool(_changed(compared(old, again)))
        found += "total.p50" in _changed(compared(old, after[number]))
    assert found >= RUNS - 1
    assert wolves <= 1

"""How many calls an app holds, and what breaks first."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.bench.apps import app
from tests.bench.quick import asks
from voxpipe.bench import Plan
from voxpipe.bench.search import GRAIN, bisect, broken, find_limit
from voxpipe.transports.telephony import Call
from voxpipe.transports.telephony.switchboard import App

PLAN = Plan(seconds=3, spread=0, over="memory", clock="virtual", callers=asks())


def crowded(most: int) -> App:
    """An app that fails when more than so many calls come at once."""
    plain, calls = app(), [0]

    async def answer(call: Call) -> None:
        calls[0] += 1
        try:
            if calls[0] > most:
                raise RuntimeError("too many")
            await plain(call)
        finally:
            calls[0] -= 1

    return answer


@pytest.mark.slow
def test_the_largest_number_is_found_with_what_broke_first() -> None:
    told = list[str]()

    found = find_limit(crowded(6), PLAN, tell=told.append, most=12, guess=8)
    assert found.calls == 6
    assert found.broken.startswith("at 7 calls: 1 failed")
    assert len(told) == len(found.tried)


def test_an_app_that_breaks_with_a_few_calls_holds_none() -> None:
    found = find_limit(crowded(2), PLAN, most=12)

    assert found.calls == 0
    assert found.broken.startswith("at 3 calls: 1 failed")


def test_no_more_than_asked_for_are_tried() -> None:
    found = find_limit(app(), PLAN, most=5)

    assert found.calls == 5
    assert found.broken == ""


@given(st.integers(0, 400), st.integers(1, 400))
def test_any_number_is_found_to_its_grain(holds: int, guess: int) -> None:
    asked = list[int]()

    def ask(calls: int) -> bool:
        asked.append(calls)
        return calls <= holds

    found = bisect(ask, guess, 400)
    assert found <= holds
    assert holds - found <= max(1, GRAIN * found / (1 - GRAIN))
    assert len(asked) < 40


def _report(**what: Any) -> dict[str, Any]:
    return {
        "calls": 20,
        "turns": 40,
        "latency_ms": {"total": {"p95": 900.0}},
        "loop_lag_ms": {"p99": 4.0},
        "percent_of_a_core": {"callers": 40.0, "model": 30.0},
        "underruns": 0,
        "stalls": [],
        "cpu_percent_per_call": 1.0,
        "faults": {},
        "failures": {},
        **what,
    }


def _slow(lag: float, share: float) -> dict[str, Any]:
    return {
        "latency_ms": {"total": {"p95": 1100.0}},
        "loop_lag_ms": {"p99": lag},
        "cpu_percent_per_call": share / 20,
    }


@pytest.mark.parametrize(
    ("what", "why"),
    [
        ({}, ""),
        ({"faults": {"unanswered": 2}}, "2 unanswered"),
        (
            _slow(4, 30),
            "turn.p95: 1100 ms, 900 at 20 calls; the app's event loop was in",
        ),
        (
            _slow(70, 95),
            "turn.p95: 1100 ms, 900 at 20 calls; the app's event loop was l",
        ),
        (
            _slow(70, 30),
            "turn.p95: 1100 ms, 900 at 20 calls; not the app, but the mach",
        ),
        ({"underruns": 3}, "3 replies with gaps"),
        ({"turns": 0}, "no turn was answered"),
        (
            {"percent_of_a_core": {"callers": 97.0}, "faults": {"not_cleared": 2}},
            "not the app, but the callers' own process, which took 97 %",
        ),
        (
            {"percent_of_a_core": {"model": 99.0}},
            "not the app, but the simulated",
        ),
    ],
)
def test_what_breaks_is_named(what: dict[str, Any], why: str) -> None:
    found = broken(_report(**what), _report())

    assert found.startswith(why)
    assert bool(found) == bool(why)

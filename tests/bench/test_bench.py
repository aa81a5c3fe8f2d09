"""An app is measured in memory and over real sockets, and what goes wrong is told."""

from __future__ import annotations

import pytest

from tests.bench.apps import app
from tests.bench.quick import asks, measured
from voxpipe.bench import BenchError, Network, Plan, bench, talkative
from voxpipe.pipeline import ConfigurationError
from voxpipe.simulator import Timing
from voxpipe.transports.telephony import Call

REAL = 60.0  # ms: what a busy machine may add


async def fails(call: Call) -> None:
    raise RuntimeError("no model today")


def test_a_call_in_which_the_app_fails_is_a_fault_and_not_the_end() -> None:
    done = measured(fails)

    assert done.report["failures"] == {"RuntimeError": 1}
    assert done.report["turns"] == 0


@pytest.mark.slow
def test_two_runs_of_the_same_seed_find_the_same() -> None:
    def run(seed: int) -> float:
        done = measured(app(), calls=4, scattered=60, seed=seed)
        return done.ms("first_delta", "mean")

    assert run(1) == pytest.approx(run(1), abs=0.01)
    assert abs(run(1) - run(2)) > 1


def test_budgets_are_told_with_what_was_measured() -> None:
    done = measured(app())

    assert done.broken("turn.p95 > 900ms", "stale_frames > 0") == []
    (broken,) = done.broken("turn.p95 > 100ms")
    assert broken.startswith("turn.p95 > 100ms: it is 7")


def test_a_figure_that_is_none_is_told_which_there_are() -> None:
    done = measured(app())

    with pytest.raises(ConfigurationError, match="one of total, ours, model, inbound"):
        done.ms("totl")
    with pytest.raises(ConfigurationError, match="never measured"):
        done.ms("barge_in")


def test_sockets_want_a_name_and_memory_an_app() -> None:
    with pytest.raises(ConfigurationError, match="module:function"):
        bench(app())
    with pytest.raises(ConfigurationError, match="the function"):
        bench("my_agent:answer", Plan(over="memory"))
    with pytest.raises(ConfigurationError, match="sockets live in real time"):
        Plan(clock="virtual")


def test_an_app_that_is_not_there_is_told_by_its_own_words() -> None:
    with pytest.raises(BenchError, match="there is no module nowhere"):
        bench("nowhere:answer", Plan(calls=1, seconds=1))


@pytest.mark.slow
def test_over_sockets_delays_are_found_in_their_stages_in_real_time() -> None:
    plan = Plan(
        calls=2,
        seconds=6,
        spread=0.5,
        callers=asks(),
        script=talkative(Timing(first_audio_ms=400)),
        caller_network=Network(latency=50),
    )
    done = bench("tests.bench.apps:slow", plan)

    assert done.report["turns"] >= 2
    assert not done.report["faults"]
    planted = {"first_delta": 400, "graph": 120, "line": 50, "inbound": 50}
    for stage, ms in planted.items():
        assert ms - 5 <= done.ms(stage) <= ms + REAL, stage
    assert done.report["cpu_percent_per_call"] > 0
    assert done.report["cpu_and_memory_of"] == "the app"
    assert done.report["bottlenecks"][0]["name"] == "later"

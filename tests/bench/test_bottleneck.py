"""What makes an app slow is named."""

from __future__ import annotations

import pytest

from tests.bench.apps import app
from tests.bench.quick import asks, measured
from voxpipe.bench import Benched, Network, Plan, bench
from voxpipe.bench.bottleneck import bottlenecks
from voxpipe.simulator import CallTool, Line, Script, Timing


def _first(done: Benched) -> tuple[str, str]:
    worst = done.report["bottlenecks"][0]
    return worst["kind"], worst["name"]


def test_an_app_that_is_not_slow_waits_for_the_model_alone() -> None:
    done = measured(app())

    assert [each["kind"] for each in done.report["bottlenecks"]] == ["model"]


@pytest.mark.parametrize("where", ["graph", "inbound"])
def test_a_box_that_holds_audio_back_is_named(where: str) -> None:
    assert _first(measured(app(**{where: 0.12}))) == ("box", "later")


def test_a_box_that_works_too_long_is_named() -> None:
    done = measured(app(work=0.004))

    assert _first(done) == ("box", "hard")
    assert done.report["boxes"]["hard"]["us_a_frame"] >= 4_000


def test_a_tool_that_takes_long_is_named() -> None:
    done = measured(app(tools=0.8), script=_looks_it_up())

    assert _first(done) == ("tool", "look_it_up")
    assert done.report["tools"]["look_it_up"]["mean_ms"] == pytest.approx(800)


def test_a_tool_that_blocks_is_named_though_no_virtual_time_passes() -> None:
    done = measured(app(blocks=0.2), script=_looks_it_up())

    assert _first(done) == ("tool", "look_it_up")
    assert "blocks" in done.report["bottlenecks"][0]["why"]


@pytest.mark.slow
def test_a_tool_that_blocks_is_named_in_real_time() -> None:
    plan = Plan(
        calls=1,
        seconds=4,
        spread=0,
        over="memory",
        callers=asks(),
        script=_looks_it_up(),
    )

    done = bench(app(blocks=0.6), plan)

    assert _first(done) == ("tool", "look_it_up")
    assert "kept the event loop" in done.report["bottlenecks"][0]["why"]


def test_a_lossy_line_to_the_callers_is_named() -> None:
    done = measured(app(), calls=3, caller_network=Network(latency=20, loss=0.03))

    assert _first(done)[0] == "caller network"


def test_callers_who_are_late_themselves_are_no_bad_network() -> None:
    done = measured(app(), calls=3, caller_network=Network(latency=20, loss=0.03))
    gap = done.report["line_gaps_ms"]["p95"]
    swing = done.report["latency_ms"]["inbound"]["p95"]

    busy = {**done.report, "caller_late_ms": max(gap, swing)}
    kinds = [each["kind"] for each in bottlenecks(busy)]
    assert "caller network" not in kinds


def test_a_lossy_way_to_the_model_is_named() -> None:
    done = measured(
        app(), calls=3, seconds=12, model_network=Network(latency=20, loss=0.1)
    )

    assert _first(done)[0] == "model network"


def test_a_model_that_is_far_away_is_named() -> None:
    assert _first(measured(app(), model_network=Network(latency=90)))[0] == (
        "model network"
    )


def _looks_it_up() -> Script:
    asks = Line(calls=[CallTool(name="look_it_up")])
    tells = Line(say="It was found today, in the kitchen.")
    timing = Timing(first_audio_ms=200)
    return Script(replies=[asks, tells], then="repeat", timing=timing)

"""A delay that somebody has planted is found, in its stage and to the microsecond."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pytest

from tests.bench.apps import app
from tests.bench.quick import THINKS, measured
from tests.matrix import mostly_slow
from voxpipe.bench import Benched, Network
from voxpipe.simulator import CallTool, Line, Script, Timing

DELAYS = (50, 120, 400)  # ms
FRAME = 20.0  # ms


def _looks_it_up() -> Script:
    asks = Line(calls=[CallTool(name="look_it_up")])
    tells = Line(say="It was found today, in the kitchen.")
    timing = Timing(first_audio_ms=THINKS)
    return Script(replies=[asks, tells], then="repeat", timing=timing)


PLANTED: dict[str, Callable[[float], Benched]] = {
    "inbound": lambda ms: measured(app(inbound=ms / 1000)),
    # Where the service finds the end of speech, the way there and back is part of it.
    "turn_detection": lambda ms: measured(app(), model_network=Network(latency=ms / 2)),
    # Where the app does, only the closing of the turn goes there and back.
    "commit": lambda ms: measured(
        app(hangover=0.5), model_network=Network(latency=ms / 2)
    ),
    "first_delta": lambda ms: measured(app(), thinks=THINKS + ms),
    "tools": lambda ms: measured(app(tools=ms / 1000), script=_looks_it_up()),
    "graph": lambda ms: measured(app(graph=ms / 1000)),
    "line": lambda ms: measured(app(), caller_network=Network(latency=ms)),
}


@cache
def _without(stage: str) -> Benched:
    return PLANTED[stage](0)


@pytest.mark.parametrize("ms", mostly_slow(DELAYS, lambda ms: ms == 120))
@pytest.mark.parametrize("stage", PLANTED)
def test_a_planted_delay_is_found_where_it_is(stage: str, ms: float) -> None:
    before, after = _without(stage), PLANTED[stage](ms)

    assert before.report["turns"]
    assert after.report["turns"]
    assert after.ms(stage) - before.ms(stage) == pytest.approx(
        ms, abs=FRAME + 0.01 if stage == "turn_detection" else 0.01
    )
    for other in PLANTED.keys() - {stage, "turn_detection"}:
        if (stage, other) == ("line", "inbound"):
            continue  # the same way, in the other direction
        if other == "tools" and stage != "tools":
            continue
        assert after.ms(other) == pytest.approx(before.ms(other), abs=0.01), other


def test_a_way_to_the_caller_is_a_way_from_the_caller_too() -> None:
    far = measured(app(), caller_network=Network(latency=120))

    assert far.ms("inbound") == pytest.approx(120, abs=0.01)
    assert far.ms("line") - _without("line").ms("line") == pytest.approx(120, abs=0.01)


@pytest.mark.parametrize("stage", PLANTED)
def test_stages_add_up_to_what_the_caller_has_heard(stage: str) -> None:
    found = PLANTED[stage](120)

    stages = sum(found.ms(name) for name in found.report["stages"])
    assert stages == pytest.approx(found.ms("total"), abs=0.01)
    assert found.ms("ours") + found.ms("model") == pytest.approx(stages, abs=0.01)


def test_whoever_decides_that_the_caller_has_finished_owns_the_wait() -> None:
    service, here = measured(app()), measured(app(hangover=0.5))

    assert service.report["sides"]["turn_detection"] == "model"
    assert service.ms("model") > 500
    assert here.report["sides"]["turn_detection"] == "ours"
    assert here.ms("ours") > 500
    assert here.ms("model") == pytest.approx(THINKS, abs=0.01)

"""Prometheus is told what has happened, by its own parser, and nobody else is."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families

from voxpipe.monitoring.endpoint import WithMetrics
from voxpipe.monitoring.names import MOST, OTHER, Names
from voxpipe.monitoring.prometheus import Prometheus
from voxpipe.transports.asgi import Receive, Scope, Send
from voxpipe.transports.serving import Server
from voxpipe.transports.telephony import Call, Switchboard
from voxpipe.transports.telephony.asgi import respond

from ..bench.quick import question
from .calls import Run, asked_once, desk, looks_it_up, watched

APP = "tests.monitoring.calls.desk.<locals>.answer"


def told(figures: Prometheus) -> dict[str, float]:
    """All samples that are not 0, by their name and labels but the app."""
    found: dict[str, float] = {}
    for family in text_string_to_metric_families(figures.text()):
        for sample in family.samples:
            labels: dict[str, Any] = {**sample.labels}
            assert labels.pop("app", APP) == APP
            shown = ",".join(f"{name}={labels[name]}" for name in sorted(labels))
            if sample.value and not sample.name.endswith("_created"):
                found[f"{sample.name}{{{shown}}}"] = sample.value
    return found


def test_calls_turns_tools_and_money_are_counted(in_time: Run) -> None:
    figures = Prometheus()

    in_time(lambda: asked_once(desk(looks_it_up(), tools=0.3, graph=0.12), figures))

    found = told(figures)
    assert found["voxpipe_calls_total{end=caller,line=twilio}"] == 1
    assert "voxpipe_calls_active{}" not in found
    assert found["voxpipe_turns_total{outcome=played}"] == 1
    assert found["voxpipe_turn_seconds_count{}"] == 1
    assert found["voxpipe_turn_ours_seconds_sum{}"] == pytest.approx(0.12, abs=1e-6)
    assert "voxpipe_turn_ours_seconds_bucket{le=0.1}" not in found
    assert found["voxpipe_turn_ours_seconds_bucket{le=0.2}"] == 1
    assert found["voxpipe_turn_model_seconds_sum{}"] == pytest.approx(0.2, abs=1e-6)
    assert found["voxpipe_tool_calls_total{outcome=ok,tool=look_it_up}"] == 1
    assert found["voxpipe_tool_seconds_sum{tool=look_it_up}"] == pytest.approx(0.3)
    assert found["voxpipe_tokens_total{class=audio_out}"] > 0
    assert found["voxpipe_cost_usd_total{}"] > 0
    assert found["voxpipe_call_seconds_count{}"] == 1
    assert not [name for name in found if "faults" in name or "underruns" in name]


def test_an_interruption_is_counted_while_the_call_lasts(in_time: Run) -> None:
    figures = Prometheus()
    before = list[dict[str, float]]()

    async def scene() -> None:
        async with watched(desk(), figures) as caller:
            await caller.say(question().audio)
            await caller.interrupt(question().audio, after=0.5)
            await caller.listen(timeout=10)
            before.append(told(figures))

    in_time(scene)
    assert before[0]["voxpipe_interruptions_total{}"] == 1
    assert before[0]["voxpipe_turns_total{outcome=cut}"] == 1
    assert before[0]["voxpipe_calls_active{}"] == 1


def test_audio_that_comes_too_late_is_an_underrun_and_a_fault_is_named(
    in_time: Run,
) -> None:
    figures = Prometheus()

    async def dry(call: Call) -> None:
        call.underruns += 2  # as `Playout` counts them

    async def broken(call: Call) -> None:
        raise LookupError("nobody told it what to do")

    async def scene() -> None:
        for app in (dry, broken):
            async with watched(app, figures) as caller:
                await caller.wait_closed()

    in_time(scene)
    text = figures.text()
    assert 'voxpipe_underruns_total{app="' in text
    assert "} 2.0" in text
    assert 'end="failed"' in text


def test_of_names_from_outside_there_are_few() -> None:
    names = Names()

    first = [names.of("tool", f"tool {number}") for number in range(MOST)]

    assert first == [f"tool {number}" for number in range(MOST)]
    assert names.of("tool", "one more") == OTHER
    assert names.of("tool", "tool 3") == "tool 3"
    assert names.of("app", "one more") == "one more"


def test_a_switchboard_tells_whether_it_takes_more() -> None:
    async def nothing(call: Call) -> None: ...

    figures = Prometheus()
    assert "voxpipe_ready{}" not in told(figures)

    figures.follow(Switchboard(nothing, limit=7))

    assert told(figures)["voxpipe_calls_limit{}"] == 7
    assert told(figures)["voxpipe_ready{}"] == 1


# --- who is told


async def phones(scope: Scope, receive: Receive, send: Send) -> None:
    """What is beside it."""
    await respond(send, 200, "phones")


ASKED: list[tuple[str, dict[str, str], int]] = [
    ("", {}, 200),
    ("", {"x-forwarded-for": "192.0.2.1"}, 403),
    ("", {"host": "calls.example.com"}, 403),
    ("", {"authorization": "Bearer secret"}, 200),
    ("secret", {}, 401),
    ("secret", {"authorization": "Bearer secrets"}, 401),
    ("secret", {"authorization": "Bearer secret", "x-forwarded-for": "x"}, 200),
]


@pytest.mark.parametrize("anyio_backend", ["asyncio"])  # our server's
@pytest.mark.parametrize(("token", "headers", "status"), ASKED)
async def test_this_machine_is_told_or_who_brings_the_token(
    token: str, headers: dict[str, str], status: int
) -> None:
    app = WithMetrics(Prometheus(), token, phones)
    async with Server(app) as server, httpx2.AsyncClient(headers=headers) as http:
        answer = await http.get(server.url + "/metrics")
        beside = await http.get(server.url + "/twilio")

    assert answer.status_code == status
    assert ("voxpipe_build_info" in answer.text) == (status == 200)
    assert "secret" not in answer.text
    assert beside.text == "phones"

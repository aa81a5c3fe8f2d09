"""A collector is told of each call, by the official protocol, and of no word in it."""

from __future__ import annotations

import logging
from collections.abc import Generator
from contextlib import contextmanager

import pytest
from opentelemetry import trace
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from voxpipe.monitoring.otel import OpenTelemetry, correlated
from voxpipe.transports.telephony import Call

from ..bench.quick import question
from .calls import CALLER, THINKS, Run, asked_once, desk, looks_it_up, watched
from .receiver import Received, receiver, values

APP = "tests.monitoring.calls.desk.<locals>.answer"


@pytest.fixture(autouse=True)
def _none_but_what_a_test_sets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OTEL_SERVICE_NAME", raising=False)


@contextmanager
def exported(
    monkeypatch: pytest.MonkeyPatch,
) -> Generator[tuple[OpenTelemetry, Received]]:
    with receiver() as (url, received), monkeypatch.context() as environment:
        environment.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", url)
        otel = OpenTelemetry()
        yield otel, received
        otel.close()


def seconds(span: Span) -> float:
    return (span.end_time_unix_nano - span.start_time_unix_nano) / 1e9


def test_a_call_is_a_trace_of_turns_responses_and_tools(
    in_time: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = desk(looks_it_up(), tools=0.3, graph=0.12)

    with exported(monkeypatch) as (otel, received):
        in_time(lambda: asked_once(answer, *otel.exporters))

    call, turn = received.span(f"invoke_agent {APP}"), received.span("turn")
    tool = received.span("execute_tool look_it_up")
    first, second = sorted(
        (each for each in received.spans if each.name.startswith("chat ")),
        key=lambda each: each.start_time_unix_nano,
    )
    assert len(received.spans) == 5
    assert {each.trace_id for each in received.spans} == {call.trace_id}
    assert not call.parent_span_id
    assert turn.parent_span_id == call.span_id
    assert {each.parent_span_id for each in (tool, first, second)} == {turn.span_id}

    assert (call.kind, first.kind) == (Span.SPAN_KIND_SERVER, Span.SPAN_KIND_CLIENT)
    about = values([*call.attributes])
    assert about["gen_ai.operation.name"] == "invoke_agent"
    assert about["gen_ai.agent.name"] == APP
    assert about["voxpipe.end"] == "caller"
    assert about["voxpipe.cost_usd"]
    assert seconds(tool) == pytest.approx(0.3, abs=1e-5)
    passed = values([*turn.attributes])
    assert passed["voxpipe.turn.ours"] == pytest.approx(0.12, abs=1e-6)
    said = values([*second.attributes])
    assert said["gen_ai.request.model"] == about["gen_ai.request.model"]
    assert said["gen_ai.provider.name"] == "openai"
    assert said["gen_ai.response.time_to_first_chunk"] == pytest.approx(THINKS)
    assert int(said["gen_ai.usage.output_tokens"]) > 0
    # In the order in which they have happened.
    assert first.end_time_unix_nano <= tool.start_time_unix_nano
    assert tool.end_time_unix_nano <= second.start_time_unix_nano + 1_000
    assert turn.start_time_unix_nano < first.start_time_unix_nano


def test_the_same_figures_are_metrics(
    in_time: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = desk(looks_it_up(), tools=0.3, graph=0.12)

    with exported(monkeypatch) as (otel, received):
        otel.lag(0.004)
        in_time(lambda: asked_once(answer, *otel.exporters))

    def total(name: str) -> float:
        metric = received.metrics[name]
        points = getattr(metric, metric.WhichOneof("data") or "").data_points
        told = [
            each.sum if hasattr(each, "sum") else each.as_int or each.as_double
            for each in points
        ]
        return float(sum(told))

    assert total("voxpipe.calls.active") == 0
    assert total("voxpipe.turns") == 1
    assert total("voxpipe.turn.ours") == pytest.approx(0.12, abs=1e-6)
    assert total("voxpipe.turn.model") == pytest.approx(THINKS, abs=1e-6)
    assert total("voxpipe.tool.duration") == pytest.approx(0.3, abs=1e-6)
    assert total("voxpipe.cost") > 0
    assert total("gen_ai.client.token.usage") > 0
    assert total("gen_ai.client.operation.duration") > THINKS
    assert total("voxpipe.loop.lag") == pytest.approx(0.004)


def test_a_call_that_fails_is_an_error(
    in_time: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(call: Call) -> None:
        raise LookupError("a secret of the app's")

    async def scene() -> None:
        async with watched(broken, *otel.exporters) as caller:
            await caller.wait_closed()

    with exported(monkeypatch) as (otel, received):
        in_time(scene)

    (call,) = received.spans
    assert call.status.code == Status.STATUS_CODE_ERROR
    assert values([*call.attributes])["error.type"] == "failed"
    assert not any(b"a secret of" in body for body in received.bodies)


def test_no_word_and_no_number_leaves(
    in_time: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    with exported(monkeypatch) as (otel, received):
        in_time(lambda: asked_once(desk(), *otel.exporters))

    assert received.spans
    assert received.metrics
    for secret in (CALLER, "kitchen", "speech,"):
        assert not any(secret.encode() in body for body in received.bodies)


def test_a_log_line_of_a_call_knows_its_trace_and_others_know_of_none(
    in_time: Run, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    log = logging.getLogger("an app")

    async def scene() -> None:
        async with watched(answer, *otel.exporters) as caller:
            await caller.wait_closed()

    async def answer(call: Call) -> None:
        log.info("it is answered")
        with otel_tracer().start_as_current_span("of the app"):
            pass

    def otel_tracer() -> trace.Tracer:
        return otel.tracer

    with exported(monkeypatch) as (otel, received), correlated():
        log.info("before")
        in_time(scene)

    traced = {each.getMessage().split()[0]: vars(each) for each in caplog.records}
    call = received.span(f"invoke_agent {__name__}.{answer.__qualname__}")
    assert traced["before"]["otelTraceID"] == "0"
    assert traced["it"]["otelTraceID"] == call.trace_id.hex()
    assert traced["it"]["otelSpanID"] == call.span_id.hex()
    (line,) = (each for name, each in traced.items() if name.startswith("call="))
    assert line["otelTraceID"] == call.trace_id.hex()
    assert received.span("of the app").parent_span_id == call.span_id


def test_an_interrupted_turn_is_told_as_such(
    in_time: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scene() -> None:
        async with watched(desk(), *otel.exporters) as caller:
            await caller.say(question().audio)
            await caller.interrupt(question().audio, after=0.5)
            await caller.listen(timeout=10)

    with exported(monkeypatch) as (otel, received):
        in_time(scene)

    turns = [
        values([*each.attributes]) for each in received.spans if each.name == "turn"
    ]
    assert [each["voxpipe.turn.interrupted"] for each in turns] == [True, False]
    played, made = (
        turns[0][f"voxpipe.turn.{name}"] for name in ("played", "generated")
    )
    assert float(played) < float(made)


def test_it_is_named_as_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, told in (("", "voxpipe"), ("front desk", "front desk")):
        if name:
            monkeypatch.setenv("OTEL_SERVICE_NAME", name)
        with exported(monkeypatch) as (otel, received):
            otel.tracer.start_span("anything").end()
        assert received.resource["service.name"] == told

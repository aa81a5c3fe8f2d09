"""A conversation with a service, a caller and a program that do anything at all."""

from __future__ import annotations

import json
from base64 import b64encode
from collections import Counter, defaultdict
from contextlib import suppress
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from voxpipe.pipeline import ToolCall
from voxpipe.processors.realtime.events.parse import TRANSCRIPTION, BadEvent, parse
from voxpipe.processors.realtime.protocol.arbiter import MAX_WISHES
from voxpipe.processors.realtime.protocol.pending import MAX_OPEN
from voxpipe.processors.realtime.protocol.response import Response, Status
from voxpipe.processors.realtime.protocol.responses import MAX_REMEMBERED

from .bench import CREATE, DELETE, TOOLS, TRUNCATE, Bench, Json

# --- valid sessions


def _message(response: str, item: str, pieces: int, done: bool) -> list[Json]:
    body = {"id": item, "type": "message", "role": "assistant"}
    where = {"response_id": response, "item_id": item, "content_index": 0}
    sound = b64encode(bytes(2 * 2_400)).decode()  # 100 ms
    events: list[Json] = [
        {"type": "response.output_item.added", "response_id": response, "item": body},
        {"type": "conversation.item.added", "item": body, "previous_item_id": None},
    ]
    for number in range(pieces):
        kind = "response.output_audio_transcript.delta"
        events.append({"type": kind, **where, "delta": f"word{number} "})
        kind = "response.output_audio.delta"
        events.append({"type": kind, **where, "delta": sound})
    if done:
        kind = "response.output_audio_transcript.done"
        events.append({"type": "response.output_audio.done", **where})
        events.append({"type": kind, **where, "transcript": "word " * pieces})
    kind = "response.output_item.done"
    return [*events, {"type": kind, "response_id": response, "item": body}]


def _call(response: str, call_id: str, done: bool) -> list[Json]:
    item: Json = {
        "id": f"item_{call_id}",
        "type": "function_call",
        "status": "completed" if done else "incomplete",
        "call_id": call_id,
        "name": "look",
        "arguments": "{}",
    }
    kind = "response.output_item"
    return [
        {"type": f"{kind}.added", "response_id": response, "item": item},
        {"type": f"{kind}.done", "response_id": response, "item": item},
    ]


@st.composite
def turn_detection(draw: st.DrawFn, number: int) -> list[Json]:
    """What the service says in one turn of the caller, and the reply to it."""
    user, response = f"user_{number}", f"resp_{number}"
    buffer = "input_audio_buffer"
    events: list[Json] = []
    if draw(st.booleans()):
        events += [
            {"type": f"{buffer}.speech_started", "item_id": user},
            {"type": f"{buffer}.speech_stopped", "item_id": user, "audio_end_ms": 900},
            {"type": f"{buffer}.committed", "item_id": user},
            {"type": f"{TRANSCRIPTION}.completed", "item_id": user, "transcript": "hi"},
        ]
    status = draw(st.sampled_from(["completed", "cancelled", "incomplete", "failed"]))
    done = status == "completed"
    # "?" stands for the name of what was asked for last.
    metadata = draw(st.sampled_from([None, {"voxpipe": "?"}, {"voxpipe": 7}]))
    body: Json = {"id": response, "metadata": metadata, "status": "in_progress"}
    events.append({"type": "response.created", "response": body})
    for item in range(draw(st.integers(0, 3))):
        if draw(st.booleans()):
            pieces = draw(st.integers(0, 4))
            events += _message(response, f"item_{number}_{item}", pieces, done)
        else:
            events += _call(response, f"call_{number}_{item}", done)
    usage = {"output_token_details": {"audio_tokens": 5}}
    body = {"id": response, "metadata": metadata, "status": status, "usage": usage}
    return [*events, {"type": "response.done", "response": body}]


REFUSALS = st.sampled_from(
    ["conversation_already_has_active_response", "invalid_value", "server_error"]
)
ACTIONS = st.sampled_from(
    ["ask", "aside", "say", "interrupt", "starts", "stops", "end_turn", "cut", "hear"]
)
STEPS = st.one_of(
    st.tuples(st.just("do"), ACTIONS),
    st.tuples(st.just("refuse"), REFUSALS),
    st.tuples(st.just("play"), st.sampled_from([0.0, 0.4, 1.0]) | st.floats(0, 1)),
    st.tuples(st.just("answer"), st.integers(0, 3)),
    st.tuples(st.just("wait"), st.floats(0, 12)),
)


@st.composite
def sessions(draw: st.DrawFn) -> list[tuple[str, Any]]:
    """A valid session, then shuffled, doubled and with anything in between."""
    steps: list[tuple[str, Any]] = []
    for number in range(draw(st.integers(1, 4))):
        steps += [("event", event) for event in draw(turn_detection(number))]
    for number, (_, event) in enumerate(steps):
        event["event_id"] = f"event_{number}"
    for _ in range(draw(st.integers(0, 16))):
        steps.insert(draw(st.integers(0, len(steps))), draw(STEPS))
    for number in range(draw(st.integers(0, 12))):
        index = draw(st.integers(0, len(steps) - 1))
        to = max(0, index + draw(st.integers(-20, 20)))
        step = steps.pop(index) if draw(st.booleans()) else steps[index]
        if step[0] == "event" and draw(st.booleans()):
            step = ("event", {**step[1], "event_id": f"event_again_{number}"})
        steps.insert(to, step)
    return steps


class Play:
    """Goes through the steps, and looks after each whether all is as promised."""

    def __init__(self, turn_detection: str) -> None:
        self.bench = Bench(turn_detection=turn_detection, tools=TOOLS)
        self.asked: list[Response] = []
        self.seen: dict[int, Response] = {}
        self.outcomes: dict[int, Any] = {}
        self.open: list[ToolCall] = []
        self.calls = 0

    def step(self, kind: str, what: Any) -> None:
        if kind == "event":
            text = json.dumps(what)
            if self.asked:
                text = text.replace('"?"', json.dumps(self.asked[-1].request_id))
            self.bench.hears_text(text)
        else:
            getattr(self, f"_{kind}")(what)
        self.look()

    def _do(self, what: str) -> None:
        bench = self.bench
        if what == "ask":
            self.asked.append(bench.asks())
        elif what == "aside":
            self.asked.append(bench.asks(conversation="none"))
        elif what == "say":
            self.asked.append(bench.asks(instructions="Say exactly"))
        elif what == "interrupt":
            bench.conversation.interrupt(bench.now)
        elif what == "starts":
            bench.starts()
        elif what == "stops":
            bench.stops()
        elif what == "end_turn":
            bench.conversation.end_turn(bench.now)
        elif what == "hear":
            bench.hears(0.2)
        elif what == "cut" and bench.spoken:
            bench.spoken[-1].turn.cut()

    def _refuse(self, code: str) -> None:
        name = self.asked[-1].request_id if self.asked else None
        self.bench.refuses(code, name)

    def _play(self, share: float) -> None:
        for reply in self.bench.spoken:
            if not reply.turn.is_over:
                self.bench.plays(reply, share * reply.turn.generated)
                return

    def _answer(self, index: int) -> None:
        if index < len(self.open):
            self.bench.result(self.open.pop(index).call_id)

    def _wait(self, seconds: float) -> None:
        self.bench.waits(seconds)

    def look(self) -> None:
        bench = self.bench
        assert len(bench.spoken) <= MAX_REMEMBERED + 1
        for reply in (*self.asked, *bench.spoken):
            self.seen[id(reply)] = reply
        for key, reply in self.seen.items():
            if reply.turn.is_cut:
                assert len(reply.store) == 0, "audio of a cut reply is still there"
            if reply.settled is not None:
                first = self.outcomes.setdefault(key, reply.settled)
                assert reply.settled is first, "an outcome changed"
                assert reply.settled.status in get_args(Status)
        calls = bench.tool_calls
        self.open += calls[self.calls :]
        self.calls = len(calls)
        assert len({call.call_id for call in calls}) == len(calls), "told twice"

    def end(self) -> None:
        for call in self.open:
            self.bench.result(call.call_id)
        self.bench.conversation.end("over")
        self.look()
        for reply in self.seen.values():
            assert reply.settled is not None, "somebody waits for ever"
        self._check_orders()

    def _check_orders(self) -> None:
        sent = self.bench.sent()
        answers = Counter(
            order["item"]["call_id"]
            for order in self.bench.sent("conversation.item.create")
        )
        told = {call.call_id for call in self.bench.tool_calls}
        assert set(answers.values()) <= {1}, "a call was answered twice"
        assert told <= set(answers), "a call was never answered"
        generated: defaultdict[tuple[str, int], float] = defaultdict(float)
        for reply in self.seen.values():
            for item in reply.turn.items():
                generated[item.item_id, item.content_index] += item.generated
        gone: set[str] = set()
        for order in sent:
            if order["type"] == TRUNCATE:
                key = order["item_id"], order["content_index"]
                assert 1 <= order["audio_end_ms"] <= generated[key] * 1000 + 1e-6
                assert key[0] not in gone, "cut after it was deleted"
            elif order["type"] == DELETE:
                assert order["item_id"] not in gone, "deleted twice"
                gone.add(order["item_id"])
        assert len(self.bench.sent(CREATE)) <= len(self.seen) + len(sent)


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
@given(sessions(), st.sampled_from(["server", "semantic", "local", "manual"]))
def test_any_order_of_a_session_keeps_every_promise(
    steps: list[tuple[str, Any]], turn_detection: str
) -> None:
    play = Play(turn_detection)
    for step in steps:
        play.step(*step)
    play.end()


# --- rubbish

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**400), 10**400)
    | st.floats()
    | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)
NAMES = st.sampled_from(["resp_1", "resp_2", "item_1", "item_2", "call_1"])
WHAT = """event_id response_id item_id content_index delta transcript text error session
item response audio_start_ms audio_end_ms previous_item_id usage"""
FIELDS = st.sampled_from(WHAT.split())
WITHIN = """id type status status_details metadata usage role content call_id name
output arguments code event_id input_token_details text_tokens reason"""
INNER = st.dictionaries(
    st.sampled_from(WITHIN.split()),
    JSON | NAMES | st.sampled_from(["message", "function_call", "completed"]),
    max_size=6,
)
KINDS = st.sampled_from(sorted(Bench().conversation._handlers())) | st.sampled_from(  # pyright: ignore[reportPrivateUsage]
    ["response.output_audio.delta", "rate_limits.updated", "something.new"]
)


@st.composite
def nearly_events(draw: st.DrawFn) -> str:
    fields = draw(st.dictionaries(FIELDS, JSON | NAMES | INNER, max_size=8))
    return json.dumps({"type": draw(KINDS), **fields})


@settings(max_examples=80)  # tests/fuzz goes on from here
@given(
    st.lists(nearly_events() | JSON.map(json.dumps) | st.text(max_size=30), max_size=12)
)
def test_rubbish_is_dropped_and_breaks_nothing(messages: list[str]) -> None:
    bench = Bench(tools=TOOLS)
    reply = bench.asks()
    for message in messages:
        bench.hears_text(message)
    bench.sent()
    bench.told("calls")
    bench.conversation.end("over")
    assert reply.settled is not None


@settings(max_examples=100)
@given(st.text() | st.binary().map(lambda data: data.decode("utf-8", "replace")))
def test_what_is_no_event_is_a_typed_error(message: str) -> None:
    with suppress(BadEvent):
        assert parse(message).type


# --- growth


@pytest.mark.slow
def test_an_endless_service_fills_nothing() -> None:
    bench = Bench(tools=TOOLS)
    conversation = bench.conversation
    outbox = conversation.outbox
    for number in range(1_000):
        name = f"resp_{number}"
        bench.created(name)
        for part in range(3):
            bench.item(name, f"item_{number}_{part}")
            bench.words(name, f"item_{number}_{part}", "word")
            bench.sound(name, f"item_{number}_{part}", 0.02)
        bench.calls(name, f"call_{number}")
        bench.committed(f"user_{number}")
        outbox.frames.clear()
        outbox.messages.clear()
    assert len(conversation.history) <= 2_000
    assert len(conversation.spoken) <= MAX_REMEMBERED + 1
    assert len(conversation.responses._known) <= MAX_REMEMBERED  # pyright: ignore[reportPrivateUsage]
    assert len(conversation._tools._open) <= MAX_OPEN  # pyright: ignore[reportPrivateUsage]
    assert len(conversation._transcripts._awaited) <= 64  # pyright: ignore[reportPrivateUsage]
    for _ in range(2 * MAX_WISHES):
        bench.asks()
    assert len(conversation.arbiter._wishes) <= MAX_WISHES  # pyright: ignore[reportPrivateUsage]

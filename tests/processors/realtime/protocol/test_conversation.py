"""The conversation as a whole: events and orders in, orders and frames out."""

from __future__ import annotations

import json
from typing import Any

import pytest

from voxpipe.pipeline import ToolCall, VoxpipeError
from voxpipe.processors.realtime.protocol.arbiter import REPLY_TIMEOUT, TAKE_UP_TIMEOUT
from voxpipe.processors.realtime.protocol.conversation import MAX_MESSAGES

from ..bench import (
    CANCEL,
    COMMIT,
    CREATE,
    DELETE,
    TOOLS,
    TRUNCATE,
    Bench,
    Json,
    kinds,
    outcome,
)

BUSY = "conversation_already_has_active_response"
RESULT = "conversation.item.create"


# --- orders of events, as the service has them


def test_a_turn_heard_by_the_service_is_answered_and_told_in_order() -> None:
    bench = Bench()
    bench.hears(1.5)
    bench.started("item_u")
    bench.stopped("item_u", at_ms=1500)
    item: Json = {"id": "item_u", "type": "message", "role": "user", "content": []}
    for kind in ("added", "done"):
        bench.says(f"conversation.item.{kind}", item=item, previous_item_id=None)
    bench.created("resp_1")
    bench.item("resp_1", "item_a")
    bench.words("resp_1", "item_a", "Good ")
    bench.sound("resp_1", "item_a", 0.25)
    bench.words("resp_1", "item_a", "evening.")
    bench.sound("resp_1", "item_a", 0.25)
    bench.item_done("resp_1", "item_a", "Good evening.")
    bench.done("resp_1")
    bench.says("rate_limits.updated", rate_limits=[])

    assert bench.sent() == []  # the service does all of it by itself
    (reply,) = bench.spoken
    assert reply.turn.generated == 0.5
    assert outcome(reply) == ("completed", "")
    assert [(t.text, t.final) for t in bench.transcripts] == [
        ("Good ", False),
        ("Good evening.", False),
        ("Good evening.", True),
    ]
    assert [(e.role, e.text) for e in bench.conversation.history] == [
        ("user", ""),
        ("agent", "Good evening."),
    ]
    told = [e.event.type for e in bench.told("events")]
    assert (told[0], told[-1]) == (
        "input_audio_buffer.speech_started",
        "rate_limits.updated",
    )
    assert "response.output_audio.delta" not in told
    assert bench.faults == []


@pytest.mark.parametrize("words_first", [True, False])
def test_audio_and_words_may_end_in_either_order(words_first: bool) -> None:
    bench = Bench()
    bench.created()
    bench.item("resp_1", "item_a")
    bench.sound("resp_1", "item_a", 0.5)
    where = {"response_id": "resp_1", "item_id": "item_a", "content_index": 0}
    ends: list[tuple[str, Json]] = [
        ("response.output_audio.done", {}),
        ("response.output_audio_transcript.done", {"transcript": "Hello."}),
    ]
    for kind, fields in reversed(ends) if words_first else ends:
        bench.says(kind, **where, **fields)
    bench.done()
    assert [(t.text, t.final) for t in bench.transcripts] == [("Hello.", True)]


def test_a_written_reply_is_told_piece_by_piece_and_is_over_when_it_is_made() -> None:
    bench = Bench(output="text")
    reply = bench.asks()
    bench.created(of=reply)
    where = {"response_id": "resp_1", "item_id": "item_a", "content_index": 0}
    bench.says("response.output_text.delta", **where, delta="Hel")
    bench.says("response.output_text.delta", **where, delta="lo")
    bench.says("response.output_text.done", **where, text="Hello")
    bench.done()
    assert [frame.text for frame in bench.told("writes")] == ["Hel", "lo"]
    assert bench.transcripts[-1].text == "Hello"
    assert bench.transcripts[-1].final
    assert reply.turn.state == "played"
    assert reply.text == "Hello"


def test_a_reply_of_several_messages_is_played_as_one() -> None:
    bench = Bench()
    bench.created()
    bench.speaks("resp_1", "item_a", "One moment.", 0.5)
    bench.speaks("resp_1", "item_b", "It is sunny.", 1.0)
    bench.done()
    (reply,) = bench.spoken
    starts: list[float] = []
    while (frame := reply.store.take()) is not None:
        starts.append(frame.start)
    assert starts == [0.0, 0.5]
    assert reply.text == "One moment. It is sunny."
    assert [item.item_id for item in reply.turn.items()] == ["item_a", "item_b"]


def test_a_session_created_by_somebody_else_changes_nothing() -> None:
    bench = Bench()
    bench.says("session.updated", session={"instructions": "be kind"})
    assert bench.faults == []
    assert [e.event.type for e in bench.told("events")] == ["session.updated"]


# --- what was asked for


def test_a_reply_is_asked_for_at_once_when_the_floor_is_free() -> None:
    bench = Bench()
    reply = bench.asks(instructions="be brief", metadata={"mine": "1"})
    (order,) = bench.sent()
    assert order["event_id"] == reply.request_id
    assert order["response"]["instructions"] == "be brief"
    assert order["response"]["metadata"] == {"mine": "1", "voxpipe": reply.request_id}
    bench.created(of=reply)
    bench.done()
    assert outcome(reply) == ("completed", "")


def test_the_program_asks_only_what_json_can_say() -> None:
    bench = Bench()
    with pytest.raises(TypeError, match="not JSON serializable"):
        bench.asks(tools=object())
    with pytest.raises(TypeError, match="not JSON serializable"):
        bench.conversation.send("session.update", session={"tools": {1, 2}})
    with pytest.raises(ValueError, match="not JSON compliant"):
        bench.asks(metadata={"nan": float("nan")})
    assert bench.sent() == []


def test_replies_are_asked_for_one_after_the_other() -> None:
    bench = Bench()
    first, second = bench.asks(), bench.asks()
    assert len(bench.sent(CREATE)) == 1
    bench.created("resp_1", of=first)
    assert len(bench.sent(CREATE)) == 1
    bench.done("resp_1")
    assert [o["event_id"] for o in bench.sent(CREATE)] == [
        first.request_id,
        second.request_id,
    ]


@pytest.mark.parametrize(
    ("status", "details", "expected"),
    [
        ("completed", None, ("completed", "")),
        (
            "incomplete",
            {"reason": "max_output_tokens"},
            ("incomplete", "max_output_tokens"),
        ),
        ("cancelled", {"reason": "turn_detected"}, ("cancelled", "turn_detected")),
        ("failed", {"error": {"code": "server_error"}}, ("failed", "server_error")),
        ("failed", {"error": {"type": "rate_limit"}}, ("failed", "rate_limit")),
        ("failed", None, ("failed", "")),
        ("in a way that is new", None, ("failed", "")),
    ],
)
def test_the_outcome_is_what_the_service_says(
    status: str, details: Json | None, expected: tuple[str, str]
) -> None:
    bench = Bench()
    reply = bench.asks()
    bench.created(of=reply)
    bench.done(status=status, status_details=details)
    assert outcome(reply) == expected
    assert bool(bench.faults) == (expected[0] in ("failed", "incomplete"))


def test_a_refused_reply_is_rejected_with_the_services_code() -> None:
    bench = Bench()
    first, second = bench.asks(), bench.asks()
    bench.refuses("invalid_value", first.request_id)
    assert outcome(first) == ("rejected", "invalid_value")
    assert first.turn.is_cut  # nobody waits for its end either
    assert bench.sent(CREATE)[-1]["event_id"] == second.request_id
    assert bench.faults == ["the service refused: invalid_value"]


def test_the_refusal_of_another_order_rejects_no_reply() -> None:
    bench = Bench()
    reply = bench.asks()
    bench.refuses("unknown_parameter", "event_of_an_update")
    bench.refuses("item_truncate_invalid_item_id")
    assert outcome(reply) is None
    bench.created(of=reply)
    bench.done()
    assert outcome(reply) == ("completed", "")


def test_a_reply_refused_because_the_service_was_faster_is_asked_for_again() -> None:
    bench = Bench()
    reply = bench.asks(instructions="say something")
    bench.created("resp_own")  # the service's own had begun at the same moment
    bench.refuses(BUSY, reply.request_id)
    assert outcome(reply) is None
    assert bench.faults == []
    bench.done("resp_own")
    assert [o["event_id"] for o in bench.sent(CREATE)] == [reply.request_id] * 2
    bench.created("resp_2", of=reply)
    bench.done("resp_2")
    assert outcome(reply) == ("completed", "")


def test_the_refusal_may_come_before_the_services_own_reply_is_told() -> None:
    bench = Bench()
    reply = bench.asks()
    bench.refuses(BUSY, reply.request_id)
    assert len(bench.sent(CREATE)) == 1  # it waits for the other one
    bench.created("resp_own")
    bench.waits(REPLY_TIMEOUT + 1)
    assert len(bench.sent(CREATE)) == 1
    bench.done("resp_own")
    assert len(bench.sent(CREATE)) == 2


def test_a_busy_service_that_shows_no_reply_is_asked_again_after_a_while() -> None:
    bench = Bench()
    reply = bench.asks()
    bench.refuses(BUSY, reply.request_id)
    bench.waits(REPLY_TIMEOUT)
    assert [o["event_id"] for o in bench.sent(CREATE)] == [reply.request_id] * 2


def test_what_the_service_never_takes_up_has_failed_and_blocks_nobody() -> None:
    bench = Bench()
    first, second = bench.asks(), bench.asks()
    bench.waits(TAKE_UP_TIMEOUT)
    assert outcome(first) == ("failed", "the service did not take it up")
    assert bench.sent(CREATE)[-1]["event_id"] == second.request_id
    bench.created("resp_late", of=first)  # nobody waits for it any more
    assert bench.sent(CANCEL) == [{"type": CANCEL, "response_id": "resp_late"}]
    assert bench.spoken == []


def test_a_cut_reply_that_the_service_never_ends_blocks_nobody() -> None:
    bench = Bench(turn_detection="local")
    bench.created("resp_1")
    bench.hears(1.0)
    bench.starts(0.0)
    bench.stops(1.0)
    assert bench.sent(CREATE) == []  # the service is still at it, for all we know
    assert bench.conversation.due is not None
    bench.waits(TAKE_UP_TIMEOUT)
    assert len(bench.sent(CREATE)) == 1


def test_done_without_created_settles_what_was_asked_for() -> None:
    bench = Bench()
    first, second = bench.asks(), bench.asks()
    bench.done("resp_1", metadata={"voxpipe": first.request_id})
    assert outcome(first) == ("completed", "")
    assert bench.sent(CREATE)[-1]["event_id"] == second.request_id
    bench.created("resp_1", of=first)  # told too late: it is through
    assert bench.conversation.arbiter.active is None


def test_a_reply_that_is_done_twice_is_paid_for_once() -> None:
    bench = Bench()
    usage = {"output_token_details": {"audio_tokens": 1_000_000}}
    bench.created()
    for _ in range(2):
        bench.done(usage=usage)
    assert bench.conversation.bill.usd == 64
    assert len(bench.usage) == 1


def test_a_reply_that_is_created_twice_is_one() -> None:
    bench = Bench()
    reply = bench.asks()
    bench.created("resp_1", of=reply)
    bench.sound("resp_1", "item_a", 0.5)
    bench.created("resp_1", of=reply)
    assert bench.spoken == [reply]
    assert reply.turn.generated == 0.5


def test_an_event_that_comes_twice_counts_once() -> None:
    bench = Bench()
    bench.created()
    for _ in range(2):
        bench.says(
            "response.output_audio.delta",
            event_id="event_x",
            response_id="resp_1",
            item_id="item_a",
            delta="AAAA" * 160,
        )
    (reply,) = bench.spoken
    assert reply.turn.generated == 0.01
    assert bench.faults == ["an event came twice"]


def test_events_of_unknown_replies_go_nowhere() -> None:
    bench = Bench()
    bench.speaks("resp_unknown", "item_x", "Who?", 1.0)
    assert bench.spoken == []
    assert bench.transcripts == []
    assert bench.tool_calls == []


def test_what_was_made_is_played_when_nothing_more_will_be() -> None:
    bench = Bench()
    active, waiting = bench.asks(), bench.asks()
    bench.created(of=active)
    bench.sound("resp_1", "item_a", 1.0)
    bench.conversation.wind_up("that is all")
    bench.sound("resp_1", "item_a", 1.0)
    assert outcome(waiting) == ("failed", "that is all")
    assert not active.turn.is_cut
    assert active.store.seconds == 1.0
    assert bench.sent(CANCEL) == [{"type": CANCEL, "response_id": "resp_1"}]
    sent = [bench.conversation.responses.all_left]
    active.all_left()  # it has gone to the sink
    assert [*sent, bench.conversation.responses.all_left] == [False, True]
    bench.conversation.end("that is all")
    assert outcome(active) == ("failed", "that is all")
    assert not active.turn.is_cut  # the sink is still playing it


def test_replies_end_when_the_session_does() -> None:
    bench = Bench()
    active, waiting = bench.asks(), bench.asks()
    aside = bench.asks(conversation="none")
    bench.created(of=active)
    bench.conversation.end("the line is dead")
    for reply in (active, waiting, aside, bench.asks()):
        assert outcome(reply) == ("failed", "the line is dead")
        assert reply.turn.is_cut


# --- out of band


def test_a_reply_out_of_band_needs_no_floor_and_is_not_played() -> None:
    bench = Bench()
    bench.created("resp_1")
    aside = bench.asks(conversation="none", instructions="classify")
    assert len(bench.sent(CREATE)) == 1
    bench.created("resp_2", of=aside)
    bench.words("resp_2", "item_x", "a complaint")
    bench.sound("resp_2", "item_x", 0.5)
    bench.done("resp_2")
    assert outcome(aside) == ("completed", "")
    assert aside.text == "a complaint"
    assert len(aside.store) == 1
    assert [reply.id for reply in bench.spoken] == ["resp_1"]
    assert bench.transcripts == []
    assert len(bench.conversation.history) == 0
    assert bench.conversation.arbiter.active is not None  # the other one goes on


def test_a_caller_who_speaks_does_not_cancel_what_is_out_of_band() -> None:
    bench = Bench(turn_detection="local")
    aside = bench.asks(conversation="none")
    bench.created("resp_1", of=aside)
    bench.starts()
    assert not aside.turn.is_cut
    assert bench.sent(CANCEL) == []


def test_a_reply_out_of_band_that_is_cut_is_cancelled_by_its_id() -> None:
    bench = Bench()
    aside = bench.asks(conversation="none")
    bench.created("resp_1", of=aside)
    bench.sound("resp_1", "item_x", 0.5)
    aside.turn.cut()
    assert bench.sent(CANCEL, TRUNCATE, DELETE) == [
        {"type": CANCEL, "response_id": "resp_1"}
    ]
    assert len(aside.store) == 0
    assert bench.interruptions == []


def test_calls_out_of_band_are_told_by_the_outcome_only() -> None:
    bench = Bench(tools=TOOLS)
    aside = bench.asks(conversation="none")
    bench.created("resp_1", of=aside)
    bench.calls("resp_1", "call_1")
    bench.done("resp_1")
    assert bench.tool_calls == []
    assert aside.settled is not None
    call = ToolCall(call_id="call_1", name="look", arguments="{}")
    assert aside.settled.calls == (call,)
    assert len(bench.sent(CREATE)) == 1  # nothing follows


def test_a_refused_reply_out_of_band_is_rejected() -> None:
    bench = Bench()
    aside = bench.asks(conversation="none")
    bench.refuses("invalid_value", aside.request_id)
    assert outcome(aside) == ("rejected", "invalid_value")


# --- tools


def test_all_calls_of_a_reply_are_answered_and_one_reply_follows() -> None:
    bench = Bench(tools=TOOLS)
    bench.created("resp_1")
    bench.calls("resp_1", "call_1")
    bench.calls("resp_1", "call_2")
    assert [call.call_id for call in bench.tool_calls] == ["call_1", "call_2"]
    bench.result("call_1", "one")
    bench.done("resp_1")
    assert bench.sent(CREATE) == []
    bench.result("call_2", "two")
    assert kinds(bench.sent()) == [RESULT, RESULT, CREATE]
    assert [order["item"] for order in bench.sent(RESULT)] == [
        {"type": "function_call_output", "call_id": "call_1", "output": "one"},
        {"type": "function_call_output", "call_id": "call_2", "output": "two"},
    ]


def test_results_that_come_before_the_reply_is_done_wait_for_its_end() -> None:
    bench = Bench(tools=TOOLS)
    bench.created("resp_1")
    bench.calls("resp_1", "call_1")
    bench.result("call_1")
    assert kinds(bench.sent()) == [RESULT]
    bench.done("resp_1")
    assert kinds(bench.sent()) == [RESULT, CREATE]


def test_a_call_is_answered_once() -> None:
    bench = Bench(tools=TOOLS)
    bench.created("resp_1")
    bench.calls("resp_1", "call_1")
    bench.calls("resp_1", "call_1")
    bench.done("resp_1")
    bench.result("call_1")
    bench.result("call_1")
    bench.result("call_of_nobody")
    assert len(bench.tool_calls) == 1
    assert len(bench.sent(RESULT)) == 1
    assert len(bench.sent(CREATE)) == 1
    assert len(bench.faults) == 2


def test_a_call_that_was_not_finished_is_not_run() -> None:
    bench = Bench(tools=TOOLS)
    bench.created("resp_1")
    bench.calls("resp_1", "call_1", status="incomplete")
    bench.done("resp_1", "cancelled")
    assert bench.tool_calls == []
    assert bench.sent(RESULT) == []


def test_a_call_of_a_cut_reply_is_answered_without_running() -> None:
    bench = Bench(tools=TOOLS, turn_detection="local")
    bench.created("resp_1")
    bench.starts()
    bench.calls("resp_1", "call_1")  # it was complete when the cancellation arrived
    assert bench.tool_calls == []
    (answer,) = bench.sent(RESULT)
    assert json.loads(answer["item"]["output"])["error"]["type"] == "cancelled"
    bench.done("resp_1", "cancelled")
    assert bench.sent(CREATE) == []


def test_a_result_after_an_interruption_is_remembered_and_nothing_follows() -> None:
    bench = Bench(tools=TOOLS, turn_detection="local")
    bench.created("resp_1")
    bench.speaks("resp_1", "item_a", "One moment", 2.0)
    bench.calls("resp_1", "call_1")
    bench.done("resp_1")
    bench.starts()
    bench.result("call_1")
    assert kinds(bench.sent(RESULT, CREATE)) == [RESULT]
    bench.hears(0.5)
    bench.stops(0.5)
    # The reply to what the caller says now uses it.
    assert kinds(bench.sent(RESULT, COMMIT, CREATE)) == [RESULT, COMMIT, CREATE]


def test_a_result_after_an_interruption_by_the_program_waits_for_the_next_reply() -> (
    None
):
    bench = Bench(tools=TOOLS)
    bench.created("resp_1")
    bench.calls("resp_1", "call_1")
    bench.conversation.interrupt(bench.now)
    bench.done("resp_1", "cancelled")
    bench.result("call_1")
    assert kinds(bench.sent(RESULT, CREATE)) == [RESULT]


def test_a_result_that_comes_while_the_caller_speaks_waits_for_the_floor() -> None:
    bench = Bench(tools=TOOLS)
    bench.created("resp_1")
    bench.calls("resp_1", "call_1")
    bench.done("resp_1")
    bench.started()
    bench.result("call_1")
    assert bench.sent(CREATE) == []
    bench.stopped()
    bench.created("resp_2")  # the answer to the caller
    bench.done("resp_2")
    bench.waits(REPLY_TIMEOUT + 1)
    assert bench.sent(CREATE) == []


def test_results_are_followed_when_the_service_does_not_answer_the_caller() -> None:
    bench = Bench(tools=TOOLS)
    bench.created("resp_1")
    bench.calls("resp_1", "call_1")
    bench.done("resp_1")
    bench.started()
    bench.result("call_1")
    bench.stopped()
    bench.waits(REPLY_TIMEOUT - 0.1)
    assert bench.sent(CREATE) == []
    bench.waits(0.2)
    assert len(bench.sent(CREATE)) == 1


def test_results_are_followed_when_the_caller_only_coughed() -> None:
    bench = Bench(tools=TOOLS, turn_detection="local")
    bench.created("resp_1")
    bench.calls("resp_1", "call_1")
    bench.done("resp_1")
    bench.hears(0.5)
    bench.starts(0.46)
    bench.result("call_1")
    assert bench.sent(CREATE) == []
    bench.stops(0.5)
    assert kinds(bench.sent()) == [RESULT, "input_audio_buffer.clear", CREATE]


def test_a_call_that_nobody_takes_is_answered() -> None:
    bench = Bench()
    bench.conversation.outbox.read = frozenset({"transcripts"})
    bench.conversation.outbox.told = bench.conversation.outbox.read
    bench.created("resp_1")
    bench.calls("resp_1", "call_1")
    assert bench.tool_calls == []
    bench.done("resp_1")
    assert kinds(bench.sent()) == [RESULT, CREATE]
    assert bench.faults == ["a tool was called, and nobody takes calls"]


def test_more_calls_than_anybody_has_a_use_for_are_refused() -> None:
    bench = Bench(tools=TOOLS)
    bench.created("resp_1")
    for number in range(130):
        bench.calls("resp_1", f"call_{number}")
    assert len(bench.tool_calls) == 128
    assert [order["item"]["call_id"] for order in bench.sent(RESULT)] == [
        "call_128",
        "call_129",
    ]


# --- who has the floor


def test_nothing_is_asked_for_while_the_caller_speaks_or_is_answered() -> None:
    bench = Bench()
    bench.started()
    reply = bench.asks(instructions="remind them")
    assert bench.sent(CREATE) == []
    bench.stopped()
    assert bench.sent(CREATE) == []
    bench.created("resp_1")
    assert bench.sent(CREATE) == []
    bench.done("resp_1")
    assert bench.sent(CREATE)[0]["event_id"] == reply.request_id


def test_a_service_that_could_not_answer_is_asked_to_when_the_floor_is_free() -> None:
    from voxpipe.processors.realtime import ServerVad

    bench = Bench(turn_detection=ServerVad(interrupts=False))
    bench.created("resp_1")
    bench.started()
    bench.stopped()
    bench.refuses(BUSY)  # its own attempt: nobody's order
    assert bench.sent(CREATE) == []
    bench.done("resp_1")
    bench.waits(REPLY_TIMEOUT)
    assert len(bench.sent(CREATE)) == 1


def test_a_turn_of_the_pipeline_is_committed_and_asked_for() -> None:
    bench = Bench(turn_detection="local")
    bench.hears(0.4)
    bench.starts(0.2)
    bench.hears(1.0, start=0.4)
    bench.stops(1.3)
    assert kinds(bench.sent()) == [COMMIT, CREATE]
    assert sum(frame.duration for frame in bench.audio) == pytest.approx(1.2)


def test_marks_mean_nothing_where_turns_have_another_owner() -> None:
    bench = Bench()
    bench.hears(1.0)
    bench.starts()
    bench.stops()
    assert bench.sent() == []


def test_the_program_closes_turns_of_its_own() -> None:
    bench = Bench(turn_detection="manual")
    bench.hears(1.0)
    bench.conversation.end_turn(bench.now)
    assert kinds(bench.sent()) == [COMMIT, CREATE]
    bench.conversation.end_turn(bench.now)  # nothing was said since
    assert kinds(bench.sent()) == [COMMIT, CREATE, "input_audio_buffer.clear"]


def test_a_new_turn_supersedes_the_answer_that_was_not_yet_asked_for() -> None:
    bench = Bench(turn_detection="local")
    active = bench.asks()
    bench.created("resp_1", of=active)
    bench.hears(1.0)
    bench.starts(0.0)
    bench.stops(1.0)  # the first question waits: the cut reply is not done yet
    bench.hears(1.0, start=1.0)
    bench.starts(1.0)
    bench.stops(2.0)
    bench.done("resp_1", "cancelled")
    assert len(bench.sent(CREATE)) == 2  # the first reply, and one for both questions
    assert len(bench.sent(COMMIT)) == 2


# --- orders


def test_an_order_waits_for_the_socket_but_not_without_bound() -> None:
    bench = Bench()
    for _ in range(MAX_MESSAGES):
        bench.conversation.send("session.update", session={})
    with pytest.raises(VoxpipeError, match="1024 messages wait"):
        bench.conversation.send("session.update", session={})


def test_an_interruption_drops_what_was_asked_for_next() -> None:
    bench = Bench()
    active, waiting = bench.asks(), bench.asks()
    bench.created(of=active)
    bench.conversation.interrupt(bench.now)
    assert outcome(waiting) == ("cancelled", "interrupted before it was asked for")
    assert bench.sent(CANCEL) == [{"type": CANCEL, "response_id": "resp_1"}]
    bench.done(status="cancelled")
    assert outcome(active) == ("cancelled", "")
    assert len(bench.sent(CREATE)) == 1


# --- rubbish


@pytest.mark.parametrize(
    "message",
    ["", "nonsense", "[]", "null", "{}", '{"type": 5}', "[" * 100_000, '"type"'],
)
def test_rubbish_is_reported_and_the_conversation_goes_on(message: str) -> None:
    bench = Bench()
    bench.hears_text(message)
    assert len(bench.faults) == 1
    bench.created()
    assert len(bench.spoken) == 1


@pytest.mark.parametrize("delta", ["====", "AAA", "A", "é" * 4, "AA\n=", "", "AA=="])
def test_audio_that_is_none_is_reported_and_dropped(delta: str) -> None:
    bench = Bench()
    bench.created()
    where: dict[str, Any] = {"response_id": "resp_1", "item_id": "item_a"}
    bench.says("response.output_audio.delta", **where, delta=delta)
    assert len(bench.faults) == 1
    assert delta not in bench.faults[0] or not delta
    (reply,) = bench.spoken
    assert reply.turn.generated == 0


def test_reports_never_quote_what_was_said() -> None:
    bench = Bench()
    secret = "my number is 4711"
    bench.hears_text(json.dumps({"type": secret, "event_id": {}}))
    bench.hears_text(json.dumps({"type": "response.done", "response": secret}))
    bench.hears_text(secret)
    bench.says("error", error={"code": "invalid_value", "message": secret})
    bench.refuses("invalid_value")
    assert bench.faults
    assert not any("4711" in fault for fault in bench.faults)

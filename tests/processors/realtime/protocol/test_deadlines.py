"""Nobody waits for ever for the end of a reply that is not told."""

from __future__ import annotations

import pytest

from voxpipe.pipeline import Usage
from voxpipe.processors.realtime.protocol.deadlines import (
    END_TIMEOUT,
    RESPONSE_TIMEOUT,
)

from ..bench import CANCEL, CREATE, TOOLS, Bench, kinds, outcome

UNTOLD = ("failed", "its end was never told")
NOT_ACTIVE = "response_cancel_not_active"


def silent(**settings: object) -> Bench:
    """A reply has been said, and its end is lost; somebody asks for another."""
    bench = Bench(**settings)
    bench.created(of=bench.asks())
    bench.speaks("resp_1", "item_1", "Good evening.", 2.0)
    bench.asks()
    return bench


def test_a_silent_reply_is_cancelled_by_its_id_under_a_name_of_ours() -> None:
    bench = silent()
    bench.waits(RESPONSE_TIMEOUT - 0.1)
    assert bench.sent(CANCEL) == []
    bench.waits(0.1)
    (cancel,) = bench.sent(CANCEL)
    assert cancel["response_id"] == "resp_1"
    assert cancel["event_id"]
    assert bench.faults == ["a reply is cancelled: nothing came of it for 30 s"]


def test_what_cannot_be_cancelled_any_more_has_ended_untold() -> None:
    bench = silent()
    (reply,) = bench.spoken
    bench.waits(RESPONSE_TIMEOUT)
    (cancel,) = bench.sent(CANCEL)
    assert outcome(reply) is None
    bench.refuses(NOT_ACTIVE, cancel["event_id"])
    assert outcome(reply) == UNTOLD
    assert not reply.turn.is_over  # what there is of it can be heard
    assert reply.store.closed
    assert kinds(bench.sent())[-1] == CREATE  # the floor is free


def test_a_refusal_of_another_cancellation_ends_nothing() -> None:
    bench = silent()
    (reply,) = bench.spoken
    bench.waits(RESPONSE_TIMEOUT)
    bench.refuses(NOT_ACTIVE)
    bench.refuses(NOT_ACTIVE, "somebody_else")
    assert outcome(reply) is None


def test_who_does_not_answer_the_cancellation_is_not_waited_for() -> None:
    bench = silent()
    (reply,) = bench.spoken
    bench.waits(RESPONSE_TIMEOUT)
    bench.waits(END_TIMEOUT)
    assert outcome(reply) == ("failed", "nothing came of it for 30 s")
    assert kinds(bench.sent())[-1] == CREATE


def test_a_reply_that_hung_and_is_cancelled_has_failed_and_is_heard_so_far() -> None:
    bench = silent()
    (reply,) = bench.spoken
    bench.waits(RESPONSE_TIMEOUT)
    bench.done(status="cancelled")
    assert outcome(reply) == ("failed", "nothing came of it for 30 s")
    assert not reply.turn.is_cut
    assert bench.interruptions == []


def test_any_word_of_a_reply_is_a_sign_of_life() -> None:
    bench = Bench(tools=TOOLS)
    bench.created()
    where = {"response_id": "resp_1", "item_id": "item_1"}
    kind = "response.function_call_arguments.delta"  # which nobody else reads
    for _ in range(3):
        bench.waits(RESPONSE_TIMEOUT - 0.1)
        bench.says(kind, **where, call_id="call_1", delta="{")
    bench.waits(RESPONSE_TIMEOUT - 0.1)
    bench.sound("resp_1", "item_2", 0.1)
    bench.waits(RESPONSE_TIMEOUT - 0.1)
    assert bench.sent(CANCEL) == []
    assert bench.faults == []


def test_a_timer_is_set_once_for_many_events() -> None:
    bench = Bench()
    bench.created()
    due = bench.conversation.due
    for _ in range(5):
        bench.now += 1.0
        bench.words("resp_1", "item_1", "word ")
        assert bench.conversation.due == due == RESPONSE_TIMEOUT
    bench.waits(RESPONSE_TIMEOUT - 5.0)
    assert bench.conversation.due == 5.0 + RESPONSE_TIMEOUT


def test_how_long_a_model_may_think_is_the_programs_to_say() -> None:
    patient, eternal = (
        Bench(response_timeout=90.0),
        Bench(response_timeout=float("inf")),
    )
    for bench in (patient, eternal):
        bench.created()
        bench.waits(89.0)
        assert bench.sent(CANCEL) == []
        bench.waits(1.0)
    assert kinds(patient.sent()) == [CANCEL]
    assert eternal.sent() == []
    assert eternal.conversation.due is None


@pytest.mark.parametrize("whose", ["aside", "cut"])
def test_asides_and_replies_that_were_cut_end_too(whose: str) -> None:
    bench = Bench()
    reply = bench.asks(**({"conversation": "none"} if whose == "aside" else {}))
    bench.created(of=reply)
    if whose == "cut":
        reply.turn.cut()
    else:
        bench.waits(RESPONSE_TIMEOUT)
    bench.waits(0.0)
    bench.waits(END_TIMEOUT)
    assert outcome(reply) is not None
    assert outcome(bench.asks()) is None
    assert kinds(bench.sent())[-1] == CREATE


def test_calls_of_a_reply_whose_end_was_lost_are_followed_all_the_same() -> None:
    bench = Bench(tools=TOOLS)
    bench.created()
    bench.calls("resp_1", "call_1")
    bench.result("call_1")
    assert bench.sent(CREATE) == []
    bench.waits(RESPONSE_TIMEOUT)
    bench.waits(END_TIMEOUT)
    assert len(bench.sent(CREATE)) == 1


def test_an_end_that_comes_after_all_is_paid_for_once() -> None:
    bench = silent()
    (reply,) = bench.spoken
    bench.waits(RESPONSE_TIMEOUT)
    bench.waits(END_TIMEOUT)
    assert bench.usage == []
    for _ in range(2):
        bench.done(usage={"output_token_details": {"text_tokens": 4}})
    (usage,) = bench.usage
    assert isinstance(usage, Usage)
    assert usage.reply_id == "resp_1"
    assert outcome(reply) == ("failed", "nothing came of it for 30 s")


def test_an_end_without_a_name_is_that_of_the_only_reply() -> None:
    bench = silent()
    (reply,) = bench.spoken
    bench.says("response.done", response={"id": 7, "status": "completed"})
    assert outcome(reply) == ("completed", "")
    assert bench.faults == ["response.done: could not be understood: id"]


def test_an_end_without_a_name_is_nobodys_where_two_are_made() -> None:
    bench = silent()
    (reply,) = bench.spoken
    bench.created("resp_2", of=bench.asks(conversation="none"))
    bench.says("response.done", response={"status": "completed"})
    assert outcome(reply) is None
    assert bench.faults == ["response.done: it does not say what it is about"]


def test_a_call_that_was_lost_is_told_by_the_end_of_its_reply() -> None:
    bench = Bench(tools=TOOLS)
    bench.created()
    call = {
        "id": "item_1",
        "type": "function_call",
        "status": "completed",
        "name": "look",
        "call_id": "call_1",
        "arguments": "{}",
    }
    bench.done(output=[call])
    assert [each.call_id for each in bench.tool_calls] == ["call_1"]
    bench.result("call_1")
    assert len(bench.sent(CREATE)) == 1


def test_words_that_were_lost_are_told_by_the_end_of_their_reply() -> None:
    bench = Bench()
    reply = bench.asks()
    bench.created(of=reply)
    part = {"type": "output_audio", "transcript": "Good evening."}
    item = {"id": "item_1", "type": "message", "role": "assistant", "content": [part]}
    bench.done(output=[item])
    assert reply.text == "Good evening."
    assert reply.settled is not None
    assert reply.settled.text == "Good evening."

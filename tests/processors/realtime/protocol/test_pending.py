"""Calls that wait for their results."""

from __future__ import annotations

import json

import pytest

from voxpipe.pipeline import ReplyWanted
from voxpipe.processors.realtime import Settings
from voxpipe.processors.realtime.protocol.arbiter import Arbiter
from voxpipe.processors.realtime.protocol.outbox import Outbox
from voxpipe.processors.realtime.protocol.pending import PendingCalls
from voxpipe.processors.realtime.protocol.response import Response
from voxpipe.processors.realtime.protocol.responses import Responses
from voxpipe.processors.realtime.protocol.tool_calls import (
    MAX_REMEMBERED,
    NOBODY,
    NOT_RUN,
    TOO_MANY,
)
from voxpipe.processors.realtime.protocol.transcripts import Transcripts
from voxpipe.processors.realtime.protocol.updates import SessionSettings

from ..bench import CREATE, TOOLS, Bench


def table() -> PendingCalls:
    outbox = Outbox()
    in_force = SessionSettings(Settings(), outbox)
    transcripts = Transcripts(in_force, outbox)
    return PendingCalls(
        Responses(in_force, Arbiter(), transcripts, outbox, lambda: None)
    )


def made(*calls: str, pending: PendingCalls) -> Response:
    response = Response(phase="made")
    for name in calls:
        pending.open(name, response)
    return response


def test_the_model_may_go_on_when_the_reply_is_through_and_all_is_answered() -> None:
    pending, response = table(), Response(phase="making")
    for name in ("call_1", "call_2"):
        pending.open(name, response)
    followed = [pending.follow_up(response)]
    response.end("resp_1")
    followed.append(pending.follow_up(response))
    for name in ("call_1", "call_2"):
        assert pending.end(name) is response
        followed.append(pending.follow_up(response))
    *before, last = followed
    assert before == [None] * 3
    assert last is not None
    assert last.follow_up
    assert pending.follow_up(response) is None  # once
    assert not pending.any_open


def test_a_call_is_answered_once() -> None:
    pending = table()
    made("call_1", pending=pending)
    assert pending.end("call_1") is not None
    assert pending.end("call_1") is None


def test_a_call_that_is_let_go_is_not_followed_but_the_others_are() -> None:
    pending = table()
    alone = made("call_1", pending=pending)
    assert pending.let_go("call_1") is alone
    assert pending.follow_up(alone) is None
    response = made("call_2", "call_3", pending=pending)
    pending.end("call_2")
    assert pending.let_go("call_3") is response
    assert pending.follow_up(response) is not None


def test_what_is_detached_is_left_to_the_reply_to_the_caller() -> None:
    pending = table()
    response = made("call_1", "call_2", pending=pending)
    pending.end("call_1")
    pending.detach("call_2")
    assert pending.follow_up(response) is None


def test_an_interrupted_reply_is_followed_only_where_another_came_too_early() -> None:
    pending = table()
    for overtaken in (False, True):
        response = made("call_1", pending=pending)
        response.turn.cut()
        if overtaken:
            pending.begun(Response(phase="making"))
        pending.end("call_1")
        assert (pending.follow_up(response) is not None) is overtaken


# --- whether a reply is wanted


@pytest.mark.parametrize(
    ("wishes", "said", "follows"),
    [
        (["always"], "Done.", True),
        (["never"], "", False),
        (["if_silent"], "", True),
        (["if_silent"], "Goodbye.", False),
        (["never", "always", "if_silent"], "Done.", True),
        (["if_silent", "never"], "", True),
        (["never", "if_silent"], "Noted.", False),
        (["never", "never"], "", False),
    ],
)
def test_of_several_calls_the_one_that_wants_most_is_followed(
    wishes: list[ReplyWanted], said: str, follows: bool
) -> None:
    bench = Bench(tools=TOOLS)
    bench.created()
    if said:
        bench.speaks("resp_1", "item_1", said, 1.0)
    for number, _ in enumerate(wishes):
        bench.calls("resp_1", f"call_{number}")
    bench.done()
    for number, reply in enumerate(wishes):
        assert not bench.sent(CREATE)  # not before all are answered
        bench.result(f"call_{number}", reply=reply)
    assert len(bench.sent(CREATE)) == follows


def test_a_result_that_is_there_before_the_reply_has_ended_is_judged_at_its_end() -> (
    None
):
    bench = Bench(tools=TOOLS)
    bench.created()
    bench.calls("resp_1", "call_1")
    bench.result("call_1", reply="if_silent")
    bench.speaks("resp_1", "item_1", "Goodbye.", 1.0)
    bench.done()
    assert not bench.sent(CREATE)


def test_a_result_that_wants_nothing_holds_no_other_reply_up() -> None:
    bench = Bench(tools=TOOLS)
    bench.created()
    bench.calls("resp_1", "call_1")
    bench.done()
    bench.asks(instructions="Say something.")
    assert len(bench.sent(CREATE)) == 1
    bench.result("call_1", reply="never")
    assert len(bench.sent(CREATE)) == 1
    assert not bench.conversation.outbox.reports


@pytest.mark.parametrize("played", [0.0, 0.5])
@pytest.mark.parametrize("reply", ["always", "if_silent", "never"])
def test_of_a_reply_that_was_cut_what_was_heard_counts_as_said(
    reply: ReplyWanted, played: float
) -> None:
    pending = table()
    response = made("call_1", pending=pending)
    response.turn.grow(2.0, "item_1")
    response.texts["item_1", 0] = "Goodbye, and thank you."
    response.turn.note_played(played, "measured")
    response.turn.cut()
    pending.begun(Response(phase="making"))  # which does not know the result
    follows = reply == "always" or (reply == "if_silent" and not played)
    assert (pending.ended("call_1", reply) is not None) is follows


def test_a_reply_that_is_written_is_said_too() -> None:
    pending = table()
    response = made("call_1", pending=pending)
    response.is_spoken = False
    response.texts["item_1", 0] = "Goodbye."
    response.turn.cut()
    pending.begun(Response(phase="making"))
    assert pending.ended("call_1", "if_silent") is None


@pytest.mark.parametrize(
    ("reply", "said", "follows"),
    [
        ("always", "x", True),
        ("if_silent", "", True),
        ("if_silent", "x", False),
        ("never", "", False),
    ],
)
def test_a_detached_result_is_told_if_it_wants_to_be(
    reply: ReplyWanted, said: str, follows: bool
) -> None:
    pending = table()
    response = made("call_1", "call_2", pending=pending)
    response.texts["item_1", 0] = said
    assert pending.detach("call_1") is response
    assert (pending.ended_late(response, reply) is not None) is follows


def test_a_call_that_comes_again_is_known_for_a_long_time() -> None:
    bench = Bench(tools=TOOLS)
    bench.created()
    for number in (*range(MAX_REMEMBERED), 0):
        bench.calls("resp_1", f"call_{number}")
        bench.result(f"call_{number}")
    assert len(bench.tool_calls) == MAX_REMEMBERED
    bench.done()
    assert len(bench.sent(CREATE)) == 1


@pytest.mark.parametrize("output", [NOBODY, NOT_RUN, TOO_MANY])
def test_what_is_answered_here_looks_as_a_tools_own_failure(output: str) -> None:
    assert json.loads(output)["error"].keys() == {"type", "message"}

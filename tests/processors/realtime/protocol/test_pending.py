"""Calls that wait for their results."""

from __future__ import annotations

import json

import pytest

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

"""Calls that wait for their results."""

from __future__ import annotations

import json

import pytest

from voxpipe.pipeline import ToolCall
from voxpipe.processors.realtime import Reply
from voxpipe.processors.realtime.protocol.pending import (
    NOBODY,
    NOT_RUN,
    OPEN,
    REMEMBERED,
    TOO_MANY,
    ToolCalls,
    is_due,
)


def call(name: str) -> ToolCall:
    return ToolCall(call_id=name, name="look", arguments="{}")


def test_the_model_may_go_on_when_the_reply_is_through_and_all_is_answered() -> None:
    calls, reply = ToolCalls(), Reply()
    due = [is_due(reply)]
    for name in ("call_1", "call_2"):
        calls.open(reply, call(name))
    reply.done = True
    due.append(is_due(reply))
    assert calls.answer("call_1") is reply
    due.append(is_due(reply))
    assert calls.answer("call_2") is reply
    due.append(is_due(reply))
    assert due == [False, False, False, True]
    assert not calls.any_open


def test_a_call_is_answered_once() -> None:
    calls = ToolCalls()
    calls.open(Reply(), call("call_1"))
    assert calls.answer("call_1") is not None
    assert calls.answer("call_1") is None


def test_a_call_that_comes_again_is_known_for_a_long_time() -> None:
    calls = ToolCalls()
    assert calls.is_new("call_0")
    for number in range(1, REMEMBERED):
        assert calls.is_new(f"call_{number}")
    assert not calls.is_new("call_0")


def test_there_is_a_limit_to_what_can_be_open() -> None:
    calls, reply = ToolCalls(), Reply()
    for number in range(OPEN):
        assert not calls.is_full
        calls.open(reply, call(f"call_{number}"))
    assert calls.is_full


@pytest.mark.parametrize("output", [NOBODY, NOT_RUN, TOO_MANY])
def test_what_is_answered_here_looks_as_a_tools_own_failure(output: str) -> None:
    assert json.loads(output)["error"].keys() == {"type", "message"}

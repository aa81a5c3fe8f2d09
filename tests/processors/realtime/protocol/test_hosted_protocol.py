"""What the service may leave out, or say twice, or out of order, about hosted calls."""

from __future__ import annotations

from typing import Any

import pytest

from voxpipe.processors.realtime.hosted_mcp import (
    McpApproval,
    McpCall,
    McpDecision,
    McpListed,
)
from voxpipe.processors.realtime.protocol.hosted_calls import (
    CALL_TIMEOUT,
    ITEM_TIMEOUT,
)

from ..bench import Bench, Json

CALL = {"id": "mcp_1", "type": "mcp_call", "server_label": "shop", "name": "find"}
REQUEST = CALL | {"id": "mcpr_1", "type": "mcp_approval_request", "arguments": "{}"}
FOUND = CALL | {"arguments": "{}", "output": "a lamp"}
BROKEN = CALL | {"error": {"type": "http_error", "code": 503, "message": "secret"}}


def begun(call: Json = CALL) -> Bench:
    """A reply that calls, with the arguments written."""
    bench = Bench()
    bench.created()
    output(bench, "added", call)
    bench.says(
        "response.mcp_call_arguments.done",
        response_id="resp_1",
        item_id=call["id"],
        arguments="{}",
    )
    return bench


def output(bench: Bench, what: str, item: Json) -> None:
    bench.says(f"response.output_item.{what}", response_id="resp_1", item=item)


def item_done(bench: Bench, item: Json) -> None:
    bench.says("conversation.item.done", item=item)


def calls(bench: Bench) -> list[str]:
    return [each.status for each in bench.told("mcp") if isinstance(each, McpCall)]


def test_the_model_goes_on_once_whatever_ends_first() -> None:
    bench = begun()
    bench.done()
    assert not bench.sent("response.create")
    for _ in range(2):
        item_done(bench, FOUND)
        output(bench, "done", FOUND)
    assert len(bench.sent("response.create")) == 1
    assert calls(bench) == ["completed"]


def test_a_reply_that_ends_after_its_call_is_followed_too() -> None:
    bench = begun()
    output(bench, "done", FOUND)
    assert not bench.sent("response.create")
    bench.done()
    assert len(bench.sent("response.create")) == 1


def test_a_failure_is_enough_though_no_item_says_why() -> None:
    bench = begun()
    bench.done()
    bench.says("response.mcp_call.failed", item_id="mcp_1", output_index=0)
    assert len(bench.sent("response.create")) == 1
    output(bench, "done", BROKEN)
    assert len(bench.sent("response.create")) == 1
    assert calls(bench) == ["failed"]
    assert bench.faults == ["a hosted tool has failed: http_error"]


def test_an_item_that_comes_before_the_call_has_run_is_not_its_end() -> None:
    bench = begun()
    bench.done()
    item_done(bench, CALL)
    assert calls(bench) == []
    assert not bench.sent("response.create")


@pytest.mark.parametrize("error", [{"type": "new_error"}, {"type": None}, {}])
def test_errors_that_nobody_knows_are_unknown(error: Json) -> None:
    bench = begun()
    output(bench, "done", CALL | {"error": error})
    (told,) = bench.told("mcp")
    assert (told.status, told.error) == ("failed", "unknown")


def test_a_rejected_call_is_over_though_the_service_says_nothing_of_it() -> None:
    bench = begun()
    item_done(bench, REQUEST)
    item_done(bench, REQUEST)  # twice
    bench.done()
    (asked,) = bench.told("mcp")
    assert asked == McpApproval(
        request_id="mcpr_1", server="shop", tool="find", arguments="{}"
    )
    no = McpDecision(request_id="mcpr_1", approve=False, reason="too dear")
    bench.conversation.add_result(no, bench.now)
    (answer, following) = bench.sent("conversation.item.create", "response.create")
    assert answer["item"] == {
        "type": "mcp_approval_response",
        "approval_request_id": "mcpr_1",
        "approve": False,
        "reason": "too dear",
    }
    assert following["type"] == "response.create"
    output(bench, "done", BROKEN)  # some services say it all the same
    assert calls(bench) == ["rejected"]
    bench.conversation.add_result(no, bench.now)
    assert bench.faults[-1] == "expected a decision on an open request, got another"


def test_a_call_that_was_never_finished_writing_is_followed_by_nothing() -> None:
    bench = begun()
    output(bench, "done", CALL)
    bench.done(status="incomplete")
    assert calls(bench) == []
    assert not bench.sent("response.create")


def test_what_is_told_of_unknown_calls_breaks_nothing() -> None:
    bench = Bench()
    for kind in ("in_progress", "completed", "failed"):
        bench.says(f"response.mcp_call.{kind}", item_id="mcp_9", output_index=0)
        bench.says(f"mcp_list_tools.{kind}", item_id="mcpl_9")
    output(bench, "added", CALL)
    output(bench, "done", FOUND)
    item_done(bench, CALL | {"id": ""})
    assert not bench.sent("response.create")


def test_the_listing_is_told_with_what_it_found() -> None:
    bench = Bench()
    listed: dict[str, Any] = {"id": "mcpl_1", "type": "mcp_list_tools"}
    bench.says("mcp_list_tools.failed", item_id="mcpl_1")
    item_done(bench, listed | {"server_label": "shop", "tools": []})
    item_done(bench, listed | {"id": "mcpl_2", "tools": [{"name": "find"}]})
    assert bench.told("mcp") == [
        McpListed(server="shop", failed=True),
        McpListed(server="", tools=("find",)),
    ]


def test_calls_and_requests_are_bounded() -> None:
    bench = begun()
    for number in range(300):
        output(bench, "added", CALL | {"id": f"mcp_a{number}"})
        item_done(bench, REQUEST | {"id": f"mcpr_a{number}"})
    rejected = bench.sent("conversation.item.create")
    assert len(rejected) == 300 - 128
    assert not any(each["item"]["approve"] for each in rejected)


def test_an_aside_does_not_make_the_agent_speak_after_it_was_interrupted() -> None:
    bench = Bench(turn_detection="local")
    bench.created("resp_1")
    bench.sound("resp_1", "item_1", 2.0)
    output(bench, "added", CALL)
    bench.done("resp_1")
    bench.created("resp_2")
    bench.conversation.interrupt(bench.now)
    aside = bench.asks(conversation="none")
    bench.created("resp_3", of=aside)
    bench.done("resp_3")
    asked = len(bench.sent("response.create"))
    bench.done("resp_2", "cancelled")
    output(bench, "done", FOUND)
    assert len(bench.sent("response.create")) == asked


# --- what is not told


def test_a_call_whose_end_is_never_told_is_waited_for_no_longer() -> None:
    bench = begun()
    bench.done()
    bench.waits(CALL_TIMEOUT)
    assert len(bench.sent("response.create")) == 1
    assert bench.faults == ["the end of a hosted call was never told"]
    assert calls(bench) == []


def test_what_it_gives_after_all_is_told_and_followed() -> None:
    bench = begun()
    bench.done()
    bench.waits(CALL_TIMEOUT)
    (asked,) = bench.sent("response.create")
    bench.says(
        "response.created",
        response={"id": "resp_2", "metadata": asked["response"]["metadata"]},
    )
    bench.done("resp_2")
    item_done(bench, FOUND)
    assert calls(bench) == ["completed"]
    assert len(bench.sent("response.create")) == 2


def test_a_call_that_has_ended_waits_a_moment_for_what_it_gave() -> None:
    bench = begun()
    bench.done()
    bench.says("response.mcp_call.completed", item_id="mcp_1")
    assert bench.conversation.due == ITEM_TIMEOUT
    bench.waits(ITEM_TIMEOUT)
    assert len(bench.sent("response.create")) == 1


def test_a_person_who_decides_has_all_the_time_in_the_world() -> None:
    bench = begun()
    item_done(bench, REQUEST)
    bench.done()
    bench.says("response.mcp_call.in_progress", item_id="mcp_1")
    assert bench.conversation.due is None
    bench.conversation.add_result(
        McpDecision(request_id="mcpr_1", approve=True), bench.now
    )
    assert bench.conversation.due == CALL_TIMEOUT

"""Statements 93 to 97: MCP servers that the service calls, here of a script.

`test_hosted_mcp` has the same with a real server.
"""

from __future__ import annotations

from typing import Any

import pytest

from voxpipe.simulator import (
    CallTool,
    Line,
    McpFailure,
    McpTool,
    McpTools,
    Script,
    ScriptError,
    When,
    parse_script,
)

from .bench import Bench, Json, types

LIST = McpTool(
    name="list_orders",
    description="The caller's orders.",
    input_schema={"type": "object", "properties": {"of": {"type": "string"}}},
    read_only=True,
    gives={"orders": ["A7"]},
)
REFUND = McpTool(name="refund", gives="refunded")
SHOP = {
    "type": "mcp",
    "server_label": "shop",
    "server_url": "https://shop.example/mcp",
    "authorization": "token-of-the-shop",
}
FREE = SHOP | {"require_approval": "never"}


def shop(*lines: Line, tools: tuple[McpTool, ...] = (LIST, REFUND)) -> Bench:
    servers = (McpTools(label="shop", tools=tools), McpTools(label="b", tools=[REFUND]))
    bench = Bench(Script(replies=lines, mcp=servers))
    bench.update(output_modalities=["text"])
    return bench


def declare(bench: Bench, *tools: Json) -> list[Json]:
    session = {"type": "realtime", "tools": list(tools)}
    events = bench.send("session.update", session=session)
    return events + bench.run(1)


def calling(name: str, **arguments: Any) -> Line:
    return Line(calls=[CallTool(name=name, arguments=arguments)])


def refused(bench: Bench, *tools: Json) -> Json:
    return bench.refused(
        "session.update", session={"type": "realtime", "tools": list(tools)}
    )


def items(events: list[Json], type: str, event: str) -> list[Json]:
    return [
        each["item"]
        for each in events
        if each["type"] == event and each["item"]["type"] == type
    ]


def done(events: list[Json], type: str) -> Json:
    (item,) = items(events, type, "conversation.item.done")
    return item


def answer(bench: Bench, request_id: str, **fields: Any) -> list[Json]:
    item = {"type": "mcp_approval_response", "approval_request_id": request_id}
    return bench.send("conversation.item.create", item=item | fields) + bench.run(1)


def test_93_tools_are_imported_and_listed() -> None:
    bench = shop()
    events = declare(bench, SHOP)
    assert types(events) == [
        "session.updated",
        "mcp_list_tools.in_progress",
        "conversation.item.added",
        "mcp_list_tools.completed",
        "conversation.item.done",
    ]
    listed = done(events, "mcp_list_tools")
    assert [tool["name"] for tool in listed["tools"]] == ["list_orders", "refund"]
    assert listed["tools"][0]["annotations"] == {"readOnlyHint": True}
    assert {e["item_id"] for e in events if "item_id" in e} == {listed["id"]}
    assert "token-of-the-shop" not in str(events)


@pytest.mark.parametrize(
    ("allowed", "names"),
    [
        (["refund"], ["refund"]),
        ({"tool_names": ["refund", "fly"]}, ["refund"]),
        ({"read_only": True}, ["list_orders"]),
        ({"read_only": False}, ["refund"]),
        ({"read_only": True, "tool_names": ["refund"]}, []),
    ],
)
def test_93_allowed_tools_filter_what_is_imported(
    allowed: Any, names: list[str]
) -> None:
    events = declare(shop(), SHOP | {"allowed_tools": allowed})
    listed = done(events, "mcp_list_tools")
    assert [tool["name"] for tool in listed["tools"]] == names


def test_93_an_import_that_fails_says_so_and_the_session_goes_on() -> None:
    bench = Bench(Script(mcp=[McpTools(label="shop", fails=True)]))
    events = declare(bench, SHOP)
    assert "mcp_list_tools.failed" in types(events)
    assert done(events, "mcp_list_tools")["tools"] == []
    assert bench.respond()[-2]["response"]["status"] == "completed"


def test_93_tools_that_are_still_being_imported_cannot_be_called() -> None:
    bench = shop(calling("refund"), calling("refund"))
    session = {"type": "realtime", "tools": [FREE]}
    bench.send("session.update", session=session)
    bench.send("response.create", response={"tool_choice": "required"})
    failed = bench.until("response.done")[-1]["response"]
    assert failed["status_details"]["error"]["code"] == "no_tool_available"
    bench.run(1)
    events = bench.respond(tool_choice="required") + bench.run(1)
    assert done(events, "mcp_call")["output"] == "refunded"


def test_93_a_response_may_declare_servers_of_its_own() -> None:
    bench = shop(Line(say="one moment"), calling("refund"))
    events = bench.send("response.create", response={"tools": [FREE]})
    events += bench.until("rate_limits.updated")
    assert done(events, "mcp_list_tools")["server_label"] == "shop"
    events = bench.respond(tools=[{"type": "mcp", "server_label": "shop"}])
    assert done(events + bench.run(1), "mcp_call")["output"] == "refunded"


def test_94_a_gated_call_waits_for_its_approval() -> None:
    bench = shop(calling("refund", order="A7"))
    declare(bench, SHOP)
    events = bench.respond() + bench.run(60)
    request = done(events, "mcp_approval_request")
    assert request == {
        "id": request["id"],
        "type": "mcp_approval_request",
        "server_label": "shop",
        "name": "refund",
        "arguments": '{"order": "A7"}',
    }
    assert "response.done" in types(events)
    assert "response.mcp_call.in_progress" not in types(events)
    events = answer(bench, request["id"], approve=True)
    assert types(events) == [
        "conversation.item.added",
        "conversation.item.done",
        "response.mcp_call.in_progress",
        "response.mcp_call.completed",
        "conversation.item.done",
        "response.output_item.done",
    ]
    call = events[-1]["item"]
    assert call["output"] == "refunded"
    assert call["approval_request_id"] == request["id"]


def test_94_a_rejected_call_is_not_executed() -> None:
    bench = shop(calling("refund"))
    declare(bench, SHOP)
    request = done(bench.respond(), "mcp_approval_request")
    events = answer(bench, request["id"], approve=False, reason="too much")
    assert not any("mcp_call" in name for name in types(events))
    assert "too much" in events[-1]["item"]["error"]["message"]
    assert "output" not in events[-1]["item"]


def test_94_an_approval_is_given_once_and_only_to_what_was_asked() -> None:
    bench = shop(calling("refund"))
    declare(bench, SHOP)
    request = done(bench.respond(), "mcp_approval_request")
    answer(bench, request["id"], approve=True)
    for known in (request["id"], "mcpr_unknown"):
        item = {
            "type": "mcp_approval_response",
            "approval_request_id": known,
            "approve": True,
        }
        error = bench.refused("conversation.item.create", item=item)
        assert error["param"] == "item.approval_request_id"


@pytest.mark.parametrize(
    ("rule", "gated"),
    [
        ("always", ["list_orders", "refund"]),
        ("never", []),
        (None, ["list_orders", "refund"]),
        ({"never": {"read_only": True}}, ["refund"]),
        ({"never": {"tool_names": ["refund"]}}, ["list_orders"]),
        ({"always": {"tool_names": ["refund"]}, "never": {}}, ["refund"]),
    ],
)
def test_94_approval_may_depend_on_the_tool(rule: Any, gated: list[str]) -> None:
    bench = shop(calling("list_orders"), calling("refund"))
    declare(bench, SHOP | {"require_approval": rule})
    events = bench.respond() + bench.run(1) + bench.respond() + bench.run(1)
    asked = items(events, "mcp_approval_request", "conversation.item.done")
    assert [item["name"] for item in asked] == gated


def test_95_the_events_of_a_call_name_no_response() -> None:
    bench = shop(calling("list_orders", of="me"))
    declare(bench, FREE)
    events = bench.respond() + bench.run(1)
    calls = [e for e in events if e["type"].startswith("response.mcp_call.")]
    assert [e["type"].rpartition(".")[2] for e in calls] == ["in_progress", "completed"]
    assert not any("response_id" in event for event in calls)
    written = [e for e in events if "mcp_call_arguments" in e["type"]]
    assert written[-1]["arguments"] == '{"of": "me"}'
    deltas = "".join(e["delta"] for e in written[:-1])
    assert deltas == written[-1]["arguments"]


@pytest.mark.parametrize(
    ("failure", "error"),
    [
        (
            McpFailure(message="sold out"),
            {"type": "tool_execution_error", "message": "sold out"},
        ),
        (
            McpFailure(type="protocol_error", code=-32602, message="bad"),
            {"type": "protocol_error", "code": -32602, "message": "bad"},
        ),
        (
            McpFailure(type="http_error", code=503, message="down"),
            {"type": "http_error", "code": 503, "message": "down"},
        ),
    ],
)
def test_95_a_call_that_fails_has_one_of_three_errors(
    failure: McpFailure, error: Json
) -> None:
    bench = shop(calling("fail"), tools=(McpTool(name="fail", fails=failure),))
    declare(bench, FREE)
    events = bench.respond() + bench.run(1)
    assert "response.mcp_call.failed" in types(events)
    assert "response.mcp_call.completed" not in types(events)
    assert done(events, "mcp_call")["error"] == error


def test_95_arguments_that_are_no_object_never_leave_the_service() -> None:
    bench = shop(Line(calls=[CallTool(name="refund", arguments="[1")]))
    declare(bench, FREE)
    events = bench.respond() + bench.run(1)
    assert done(events, "mcp_call")["error"]["type"] == "protocol_error"


def test_96_no_response_follows_a_call_by_itself_and_done_may_come_before_it() -> None:
    bench = shop(calling("refund"), Line(say="It is {result}."))
    declare(bench, FREE)
    events = bench.respond() + bench.run(120)
    names = types(events)
    assert names.index("response.done") < names.index("response.mcp_call.completed")
    assert names.count("response.created") == 1
    assert "It is refunded." in str(bench.respond()[-2]["response"]["output"])


def test_96_rules_answer_by_what_a_tool_gave_back() -> None:
    rule = When(result="list_orders", text="A7", say="You have an order.")
    bench = Bench(
        Script(
            replies=[calling("list_orders")],
            when=[rule],
            mcp=[McpTools(label="shop", tools=[LIST])],
        )
    )
    bench.update(output_modalities=["text"])
    declare(bench, FREE)
    bench.type_in("What have I ordered?")
    bench.respond()
    bench.run(1)
    assert "You have an order." in str(bench.respond()[-2]["response"]["output"])


def test_96_a_call_outlives_a_response_that_is_cancelled() -> None:
    second = CallTool(name="list_orders", arguments={"of": "me and " * 40})
    bench = shop(Line(calls=[CallTool(name="refund"), second]))
    declare(bench, FREE)
    bench.send("response.create")
    bench.until("response.mcp_call.in_progress")
    bench.send("response.cancel")
    assert bench.events[-1]["type"] == "response.done"
    assert bench.events[-1]["response"]["status"] == "cancelled"
    events = bench.run(5)
    assert types(events).count("response.mcp_call.completed") == 1
    assert done(events, "mcp_call")["output"] == "refunded"


def test_97_a_label_alone_stands_for_what_it_was_defined_as() -> None:
    bench = shop()
    declare(bench, FREE)
    events = declare(bench, {"type": "mcp", "server_label": "shop"})
    assert types(events) == ["session.updated"]  # imported already
    (tool,) = events[0]["session"]["tools"]
    assert tool["server_url"] == SHOP["server_url"]
    assert tool["require_approval"] == "never"


@pytest.mark.parametrize(
    ("tools", "param"),
    [
        ([SHOP, SHOP], "session.tools[1].server_label"),
        (
            [SHOP | {"connector_id": "connector_gmail"}],
            "session.tools[0].connector_id",
        ),
        ([SHOP | {"headers": {"Authorization": "x"}}], "session.tools[0].headers"),
        ([{"type": "mcp", "server_label": "new"}], "session.tools[0].server_url"),
        (
            [{"type": "mcp", "server_label": "b", "connector_id": "connector_fax"}],
            "session.tools[0].connector_id",
        ),
        (
            [
                {
                    "type": "mcp",
                    "server_label": "b",
                    "connector_id": "connector_gmail",
                    "headers": {"authorization": "x"},
                }
            ],
            "session.tools[0].headers",
        ),
        ([{"type": "mcp", "server_url": "https://x"}], "session.tools[0].server_label"),
        ([SHOP | {"require_approval": "maybe"}], "session.tools[0].require_approval"),
    ],
)
def test_97_a_definition_that_will_not_do_is_refused_before_any_import(
    tools: list[Json], param: str
) -> None:
    bench = shop()
    assert refused(bench, *tools)["param"] == param
    assert bench.run(5) == []
    assert refused(bench, {"type": "mcp", "server_label": "shop"})  # nothing was kept


@pytest.mark.parametrize(
    "place",
    [
        {"server_url": "https://mcp.example/mcp"},
        {"server_url": "http://192.168.0.7/mcp"},
        {"server_url": "file:///etc/passwd"},
        {"connector_id": "connector_gmail"},
        {"tunnel_id": "tunnel_1"},
    ],
)
def test_a_server_that_is_not_in_the_script_costs_only_its_own_tools(
    place: Json, caplog: pytest.LogCaptureFixture
) -> None:
    bench, tool = shop(), {"type": "function", "name": "near"}
    far = {"type": "mcp", "server_label": "far", "authorization": "secret"} | place
    session: Json = {"type": "realtime", "instructions": "Be kind."}
    session |= {"tools": [tool, SHOP, far]}
    events = bench.send("session.update", session=session)
    assert events[0]["session"]["instructions"] == "Be kind."
    assert len(events[0]["session"]["tools"]) == 3
    ended = ("mcp_list_tools.completed", "mcp_list_tools.failed")
    told = [each for each in types(bench.run(1)) if each in ended]
    assert sorted(told) == ["mcp_list_tools.completed", "mcp_list_tools.failed"]
    assert bench.machine.requests() == []  # nobody is asked
    assert "cannot list the tools of 'far'" in caplog.text
    assert "give their tools there" in caplog.text
    assert "secret" not in caplog.text


@pytest.mark.parametrize(
    "url", ["https://mcp.example/mcp", "http://192.168.0.7", "file:///etc/passwd", "["]
)
def test_a_script_names_real_servers_on_this_machine_only(url: str) -> None:
    with pytest.raises(ScriptError, match="on this machine only"):
        parse_script(f"mcp: [{{label: far, url: '{url}'}}]")
    with pytest.raises(ScriptError, match="not both"):
        parse_script("mcp: [{label: a, url: 'http://[::1]:9', tools: [{name: b}]}]")


def test_every_scripted_tool_has_a_description() -> None:
    # The Agents SDK for JavaScript drops a listing in which one has none.
    bench = Bench(Script(mcp=[McpTools(label="shop", tools=[McpTool(name="find")])]))
    (tool,) = done(declare(bench, SHOP), "mcp_list_tools")["tools"]
    assert tool["description"] == ""

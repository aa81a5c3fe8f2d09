"""Declarations, calls, approvals, cancellations in any order: a call ends once."""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from voxpipe.simulator import (
    CallTool,
    Line,
    McpFailure,
    McpTool,
    McpTools,
    Script,
    Timing,
)

from .bench import Bench, Json

TOOLS = [
    McpTool(name="read", read_only=True, gives="x", wait_ms=300),
    McpTool(name="write", gives="y", wait_ms=5_000),
    McpTool(name="fail", fails=McpFailure()),
]
SCRIPT = Script(
    replies=[
        Line(calls=[CallTool(name="read"), CallTool(name="write")]),
        Line(say="One moment.", calls=[CallTool(name="fail")]),
        Line(
            calls=[
                CallTool(name="write", arguments="no json"),
                CallTool(name="nothing"),
            ]
        ),
    ],
    then="repeat",
    mcp=[McpTools(label="a", tools=TOOLS), McpTools(label="b", tools=TOOLS)],
    timing=Timing(first_text_ms=50, first_audio_ms=50),
)
servers = st.fixed_dictionaries(
    {
        "type": st.just("mcp"),
        "server_label": st.sampled_from(["a", "b", "c"]),
    },
    optional={
        "server_url": st.just("https://a.example"),
        "connector_id": st.just("connector_gmail"),
        "allowed_tools": st.sampled_from([["read"], {"read_only": False}, []]),
        "require_approval": st.sampled_from(
            ["never", "always", {"never": {"read_only": True}}, {"always": {}}]
        ),
    },
)
declarations = st.lists(servers, min_size=1, max_size=2)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("declare"), declarations),
        st.tuples(st.just("respond"), st.none() | declarations),
        st.tuples(st.just("aside"), st.none()),
        st.tuples(st.just("cancel"), st.none()),
        st.tuples(st.just("delete"), st.integers(0, 30)),
        st.tuples(st.just("wait"), st.floats(0, 3)),
        st.tuples(st.just("answer"), st.tuples(st.integers(0, 9), st.booleans())),
    ),
    max_size=25,
)


def take(bench: Bench, what: str, how: Any) -> None:
    if what == "declare":
        bench.send("session.update", session={"type": "realtime", "tools": how})
    elif what == "respond":
        bench.send("response.create", response={} if how is None else {"tools": how})
    elif what == "aside":
        bench.send("response.create", response={"conversation": "none"})
    elif what == "cancel":
        bench.send("response.cancel")
    elif what == "wait":
        bench.run(how)
    elif what == "delete":
        seen = [e["item"]["id"] for e in bench.events if "item" in e] or ["none"]
        bench.send("conversation.item.delete", item_id=seen[how % len(seen)])
    else:
        number, approve = how
        asked = requests(bench) or ["none"]
        item: Json = {
            "type": "mcp_approval_response",
            "approval_request_id": asked[number % len(asked)],
            "approve": approve,
        }
        bench.send("conversation.item.create", item=item)


def requests(bench: Bench) -> list[str]:
    return [
        event["item"]["id"]
        for event in bench.events
        if event["type"] == "conversation.item.added"
        and event["item"]["type"] == "mcp_approval_request"
    ]


@settings(max_examples=150, deadline=None)
@given(steps)
def test_whatever_happens_a_call_ends_once_and_runs_at_most_once(sent: Any) -> None:
    bench = Bench(SCRIPT)
    bench.update(output_modalities=["text"])
    tools = [{"type": "mcp", "server_label": "a", "server_url": "https://a.example"}]
    take(bench, "declare", tools)
    bench.run(1)
    for what, how in sent:
        take(bench, what, how)
    bench.run(60)
    for number, _ in enumerate(requests(bench)):
        take(bench, "answer", (number, number % 2 == 0))
    bench.run(60)
    check(bench.events)


def check(events: list[Json]) -> None:
    counts = Counter(
        (event.get("item_id") or event["item"]["id"], event["type"])
        for event in events
        if "mcp_call." in event["type"]
        or ("item" in event and event["item"]["type"] == "mcp_call")
    )
    for call in {call for call, _ in counts}:
        began = counts[call, "response.mcp_call.in_progress"]
        completed = counts[call, "response.mcp_call.completed"]
        failed = counts[call, "response.mcp_call.failed"]
        assert began <= 1
        assert began <= completed + failed <= 1
        assert completed <= began
        assert counts[call, "response.output_item.added"] == 1
        assert counts[call, "response.output_item.done"] == 1
        assert counts[call, "conversation.item.done"] <= 1
    listed = Counter(
        event["item_id"] for event in events if event["type"].startswith("mcp_list")
    )
    assert set(listed.values()) <= {2}  # in progress, and then one end

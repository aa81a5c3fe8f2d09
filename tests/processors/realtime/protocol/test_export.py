"""What another session can be told."""

from __future__ import annotations

from voxpipe.processors.realtime.memory import Entry, LeftOut, exported
from voxpipe.processors.realtime.protocol.export import PICTURE


def call(number: int, kind: str = "function_call") -> Entry:
    text, tool = ("{}", "look") if kind == "function_call" else ("found", "")
    name = f"call_{number}"
    return Entry(f"{kind}_{number}", "tool", text, call_id=name, tool=tool, kind=kind)


def test_of_an_interrupted_reply_what_was_heard_is_told() -> None:
    entries = [
        Entry("s", "system", "Be brief."),
        Entry("u", "user", "Hello?"),
        Entry("a", "agent", "Good evening, what can I do?", played="Good evening,"),
        Entry("b", "agent", "Nobody heard this.", played=""),
    ]
    told = exported(entries)
    assert told.items == (
        {
            "id": "s",
            "type": "message",
            "role": "system",
            "content": [{"type": "input_text", "text": "Be brief."}],
        },
        {
            "id": "u",
            "type": "message",
            "role": "user",
            "content": [{"type": "input_text", "text": "Hello?"}],
        },
        {
            "id": "a",
            "type": "message",
            "role": "assistant",
            "content": [{"type": "output_text", "text": "Good evening,"}],
        },
    )
    assert told.left_out == (LeftOut("b", "no words"),)


def test_calls_are_told_with_their_results_also_if_those_are_not_there_yet() -> None:
    result = call(1, "function_call_output")
    told = exported([call(1), call(2), result, call(3, "function_call_output")])
    assert told.items == (
        {
            "id": "function_call_1",
            "type": "function_call",
            "name": "look",
            "call_id": "call_1",
            "arguments": "{}",
        },
        {
            "id": "function_call_2",
            "type": "function_call",
            "name": "look",
            "call_id": "call_2",
            "arguments": "{}",
        },
        {
            "id": "function_call_output_1",
            "type": "function_call_output",
            "call_id": "call_1",
            "output": "found",
        },
    )
    assert told.left_out == (LeftOut("function_call_output_3", "no call"),)


def test_a_picture_leaves_a_note_and_is_listed() -> None:
    told = exported(
        [
            Entry("p", "user", "What is this?", pictures=1),
            Entry("q", "user", pictures=2),
        ]
    )
    parts = [[part["text"] for part in item["content"]] for item in told.items]
    assert parts == [[PICTURE, "What is this?"], [PICTURE, PICTURE]]
    assert told.left_out == (LeftOut("p", "picture"), LeftOut("q", "picture"))


def test_what_only_the_service_makes_is_left_out() -> None:
    told = exported([Entry("m", "tool", kind="mcp_list_tools")])
    assert told.items == ()
    assert told.left_out == (LeftOut("m", "not ours to tell"),)

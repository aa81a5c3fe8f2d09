"""Whatever a client sends, the machine answers with events that the SDK knows."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any, NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from voxpipe.simulator import CallTool, Line, Script, Timing
from voxpipe.simulator.protocol.client_events import CLIENT_EVENTS

from .bench import Bench, Json, hum, silence

SCRIPT = Script(
    replies=(
        Line(say="One moment.", calls=(CallTool(name="f"),), heard="Hello?"),
        Line(say="It is {result.x}."),
    ),
    out_of_band=(Line(say="Aside."),),
    then="repeat",
    timing=Timing(first_audio_ms=50, transcription_ms=100),
)
AUDIO = [
    b64encode(audio).decode()
    for audio in (b"", b"\0", b"\0\0", hum(200), silence(200), hum(50) + silence(300))
]
scalars: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(max_size=8),
    st.sampled_from(
        ["realtime", "message", "user", "auto", "none", "root", "inf", "server_vad"]
    ),
)
FIELDS = [
    "type",
    "event_id",
    "session",
    "audio",
    "input",
    "output",
    "format",
    "turn_detection",
    "tools",
    "tool_choice",
    "item",
    "item_id",
    "previous_item_id",
    "content",
    "role",
    "response",
    "response_id",
    "conversation",
    "metadata",
    "max_output_tokens",
    "audio_end_ms",
    "content_index",
    "truncation",
    "text",
]
junk = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(FIELDS) | st.text(max_size=5), inner, max_size=4
        ),
    ),
    max_leaves=12,
)
SENSIBLE: list[Json] = [
    {"type": "response.create"},
    {"type": "response.create", "response": {"conversation": "none"}},
    {"type": "response.create", "response": {"output_modalities": ["text"]}},
    {"type": "response.create", "response": {"max_output_tokens": 7}},
    {"type": "response.create", "response": {"tool_choice": "required"}},
    {"type": "response.create", "response": {"input": []}},
    {"type": "response.cancel"},
    {"type": "input_audio_buffer.commit"},
    {"type": "input_audio_buffer.clear"},
    {
        "type": "session.update",
        "session": {
            "type": "realtime",
            "tools": [{"type": "function", "name": "f"}],
            "audio": {"input": {"transcription": {"model": "whisper-1"}}},
        },
    },
    *(
        {
            "type": "session.update",
            "session": {"type": "realtime", "audio": {"input": fields}},
        }
        for fields in (
            {"turn_detection": None},
            {"turn_detection": {"type": "server_vad", "idle_timeout_ms": 5000}},
            {"turn_detection": {"type": "semantic_vad", "eagerness": "high"}},
            {"format": {"type": "audio/pcmu"}},
            {"format": {"type": "audio/pcm", "rate": 24000}},
        )
    ),
    {
        "type": "conversation.item.create",
        "item": {
            "type": "function_call_output",
            "call_id": "call_x",
            "output": '{"x": 1}',
        },
    },
]
sensible = st.sampled_from(SENSIBLE)


def append(audio: str) -> Json:
    return {"type": "input_audio_buffer.append", "audio": audio}


def of_type(name: str, fields: Json) -> Json:
    return fields | {"type": name}


appends = st.builds(append, st.sampled_from(AUDIO) | st.text(max_size=10))
shaped = st.builds(
    of_type,
    st.sampled_from(CLIENT_EVENTS),
    st.dictionaries(st.sampled_from(FIELDS), junk, max_size=4),
)


class ItemEvent(NamedTuple):
    """An event about an item that exists: the number picks one of those seen so far."""

    verb: str
    number: int

    def on(self, bench: Bench) -> Json:
        seen = [e["item"]["id"] for e in bench.events if "item" in e] or ["none"]
        event: Json = {
            "type": f"conversation.item.{self.verb}",
            "item_id": seen[self.number % len(seen)],
        }
        if self.verb == "truncate":
            event |= {"content_index": 0, "audio_end_ms": self.number * 20}
        return event


class Wait(NamedTuple):
    """Time that goes by."""

    seconds: float


about_items = st.builds(
    ItemEvent, st.sampled_from(["truncate", "delete", "retrieve"]), st.integers(0, 50)
)
steps = st.lists(
    st.one_of(
        sensible,
        appends,
        shaped,
        junk,
        about_items,
        st.builds(Wait, st.floats(0, 2)),
        st.text(max_size=20),
        st.binary(max_size=4),
    ),
    max_size=30,
)


@settings(max_examples=150, deadline=None)
@given(steps)
def test_nothing_that_clients_send_breaks_a_session(sent: list[Any]) -> None:
    bench = Bench(SCRIPT)
    for step in sent:
        if isinstance(step, Wait):
            bench.run(step.seconds)
        elif isinstance(step, str | bytes):
            bench.raw(step)
        elif isinstance(step, ItemEvent):
            bench.raw(json.dumps(step.on(bench)))
        else:
            bench.raw(json.dumps(step))
    bench.run(120)
    check_lifecycles(bench)
    bench.send("input_audio_buffer.clear")
    done = bench.respond(output_modalities=["text"])[-2]
    assert done["response"]["status"] in ("completed", "incomplete")


def check_lifecycles(bench: Bench) -> None:
    """Responses and items begin before they end, each exactly once."""
    running: set[str] = set()
    finished: set[str] = set()
    open_items: set[str] = set()
    for event in bench.events:
        name = event["type"]
        response_id: str = event.get("response_id") or event.get("response", {}).get(
            "id", ""
        )
        if name == "response.created":
            assert response_id not in running | finished
            running.add(response_id)
        elif response_id:
            assert response_id in running
        if name == "response.output_item.added":
            open_items.add(event["item"]["id"])
        elif name == "response.output_item.done":
            open_items.remove(event["item"]["id"])
        elif name == "response.done":
            running.remove(response_id)
            finished.add(response_id)
    assert not running
    assert not open_items

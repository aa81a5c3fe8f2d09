"""Statements 106 to 110: known from recorded frames, and from clients, alone.

Frames: sessions of gpt-realtime-2.1 of August 2026, recorded by pydantic-ai
(tests/realtime/cassettes). Nulls: LiveKit's agents send them for every reply.
"""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from voxpipe.simulator import Line, Script

from .bench import Bench, Json, types
from .test_statements_responses import CALL, LONG, WEATHER, only, scripted


@pytest.mark.parametrize(
    "name",
    [
        "instructions",
        "input",
        "conversation",
        "audio",
        "output_modalities",
        "max_output_tokens",
        "metadata",
        "tools",
        "tool_choice",
        "parallel_tool_calls",
        "reasoning",
        "prompt",
    ],
)
def test_106_null_in_a_response_means_as_the_session_says(name: str) -> None:
    plain, nulls = (scripted(Line(say="Hello there.")) for _ in range(2))
    for bench in (plain, nulls):
        bench.update(instructions="Be kind.", max_output_tokens=100)
        bench.type_in("Hi")
    assert nulls.respond(**{name: None}) == plain.respond()


def test_106_null_within_audio_means_as_the_session_says() -> None:
    bench = scripted(Line(say="Hi."))
    bench.update(audio={"output": {"voice": "ash"}})
    audio = {"output": {"voice": None, "format": None}}
    created = bench.respond(audio=audio)[0]["response"]
    assert created["audio"]["output"]["voice"] == "ash"


def previous(events: list[Json], type: str) -> list[str | None]:
    return [e["previous_item_id"] for e in events if e["type"] == type]


def test_107_the_end_of_a_replys_item_behind_the_first_item_names_none() -> None:
    bench = Bench(Script(replies=[Line(say=["One moment.", "It is noon."])]))
    content = [{"type": "input_text", "text": "What time is it?"}]
    item = {"type": "message", "id": "question", "role": "user", "content": content}
    bench.send("conversation.item.create", item=item)
    events = bench.respond()
    made = [e["item"]["id"] for e in events if e["type"] == "response.output_item.done"]
    assert previous(events, "conversation.item.added") == ["question", made[0]]
    assert previous(events, "conversation.item.done") == [None, made[0]]


def test_109_a_session_shows_no_reasoning_that_nobody_asked_for() -> None:
    bench = Bench(model="gpt-realtime-2.1")
    assert "reasoning" not in bench.session
    assert "reasoning" not in bench.update(instructions="Be kind.")


def of_items(events: Sequence[Json]) -> list[tuple[str, int]]:
    """What is told of each item of a response: the type, and which item."""
    told: list[tuple[str, int]] = []
    for event in events:
        if "output_index" in event:
            each = event["type"].removeprefix("response."), event["output_index"]
            if each not in told:
                told.append(each)
    return told


def test_108_an_item_may_begin_before_the_one_before_it_has_ended() -> None:
    line = Line(say="Let me see.", calls=[CALL], interleaved=True)
    bench = scripted(line, model="gpt-realtime-2.1")
    bench.update(output_modalities=["text"], tools=[WEATHER])
    events = bench.respond()
    assert of_items(events) == [
        ("output_item.added", 0),
        ("content_part.added", 0),
        ("output_text.delta", 0),
        ("output_item.added", 1),
        ("function_call_arguments.delta", 1),
        ("output_text.done", 0),
        ("content_part.done", 0),
        ("output_item.done", 0),
        ("function_call_arguments.done", 1),
        ("output_item.done", 1),
    ]
    done = only(events, "response.done")["response"]
    assert [each["status"] for each in done["output"]] == ["completed"] * 2


def test_108_what_had_come_out_whole_is_completed_when_the_next_is_cancelled() -> None:
    bench = scripted(Line(say=["One moment.", LONG], interleaved=True))
    bench.send("response.create")
    while ("output_audio.delta", 1) not in of_items(bench.events):
        bench.until("response.output_audio.delta")
    bench.send("response.cancel")
    done = only(bench.events, "response.done")["response"]
    assert [each["status"] for each in done["output"]] == ["completed", "incomplete"]
    assert types(bench.events).count("response.output_item.done") == 2


@pytest.mark.parametrize(
    ("model", "asked", "reasoned"),
    [
        ("gpt-realtime-2.1", {}, 17),
        ("gpt-realtime-2.1", {"reasoning": {"effort": "high"}}, 17),
        ("gpt-realtime-2.1", {"reasoning": {"effort": "none"}}, None),
        ("gpt-realtime", {}, None),
    ],
)
def test_110_what_was_thought_is_counted_as_text(
    model: str, asked: Json, reasoned: int | None
) -> None:
    bench = scripted(Line(say="Hi there.", reasoning_tokens=17), model=model)
    bench.update(output_modalities=["text"])
    done = only(bench.respond(**asked), "response.done")["response"]
    details = done["usage"]["output_token_details"]
    assert details.get("reasoning_tokens") == reasoned
    assert details["text_tokens"] == 3 + (reasoned or 0)
    assert done["usage"]["output_tokens"] == details["text_tokens"]

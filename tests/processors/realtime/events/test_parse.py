"""Messages become events."""

from __future__ import annotations

import json

import pytest

from voxpipe.processors.realtime import events as ev
from voxpipe.processors.realtime.events.parse import AudioDelta, BadEvent, parse


def test_a_known_event_becomes_its_model() -> None:
    message = '{"type": "response.created", "event_id": "e", "response": {"id": "r"}}'
    event = parse(message)
    assert isinstance(event, ev.ResponseEvent)
    assert event.response.id == "r"
    assert event.event_id == "e"


def test_an_unknown_event_passes_with_all_its_fields() -> None:
    event = parse('{"type": "something.new", "event_id": "e", "depth": {"is": [1]}}')
    assert isinstance(event, ev.Event)
    assert event.model_dump() == {
        "type": "something.new",
        "event_id": "e",
        "depth": {"is": [1]},
    }


def test_unknown_fields_of_known_events_pass_too() -> None:
    message = '{"type": "error", "error": {"code": "x"}, "obfuscation": "pad"}'
    event = parse(message)
    assert isinstance(event, ev.ErrorEvent)
    assert event.model_extra == {"obfuscation": "pad"}


def test_an_audio_delta_is_checked_by_hand() -> None:
    fields = {"response_id": "r", "item_id": "i", "content_index": 1, "delta": "AAAA"}
    kind = "response.output_audio.delta"
    event = parse(json.dumps({"type": kind, "event_id": "e", **fields}))
    assert isinstance(event, AudioDelta)
    assert (event.event_id, event.response_id, event.item_id) == ("e", "r", "i")
    assert (event.content_index, event.delta) == (1, "AAAA")
    for name, wrong in (
        ("response_id", None),
        ("item_id", 3),
        ("content_index", "0"),
        ("content_index", True),
        ("content_index", -1),
        ("content_index", 10**400),
        ("delta", None),
    ):
        with pytest.raises(BadEvent, match="expected response_id"):
            parse(json.dumps({"type": kind, **fields, name: wrong}))


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("hello, my name is Ada", "got 21 characters that are none"),
        ("[]", "JSON without one"),
        ('{"type": ["a"]}', "JSON without one"),
        (
            '{"type": "response.output_text.delta", "response_id": "", "item_id": ""}',
            "response.output_text.delta: delta: Field required",
        ),
    ],
)
def test_what_is_wrong_is_said_without_what_was_said(
    message: str, expected: str
) -> None:
    with pytest.raises(BadEvent) as caught:
        parse(message)
    assert expected in str(caught.value)
    assert "Ada" not in str(caught.value)


@pytest.mark.parametrize(
    ("message", "dropped"),
    [
        ('{"type": "response.done"}', []),
        ('{"type": "response.done", "response": "Ada"}', ["response"]),
        (
            '{"type": "response.done", "response": {"id": 5, "status": ["Ada"], '
            '"usage": {"input_token_details": {"text_tokens": "Ada"}}}}',
            ["id", "status", "text_tokens"],
        ),
        (
            '{"type": "input_audio_buffer.speech_started", "audio_start_ms": "Ada"}',
            ["audio_start_ms"],
        ),
        ('{"type": "error", "error": "Ada"}', ["error"]),
        ('{"type": "session.updated", "session": 5}', ["session"]),
        ('{"type": "conversation.item.deleted", "item_id": 5}', ["item_id"]),
    ],
)
def test_a_field_that_is_wrong_costs_itself_alone_and_is_told_by_name(
    message: str, dropped: list[str]
) -> None:
    told: list[str] = []
    event = parse(message, told)
    assert told == dropped
    assert "Ada" not in repr(event)


def test_half_a_character_is_replaced_and_told() -> None:
    told: list[str] = []
    event = parse('{"type": "x", "text": "cut \\uD83D", "\\udE00": 1}', told)
    assert isinstance(event, ev.Event)
    assert dict(event.model_extra or {}) == {"text": "cut \ufffd", "\ufffd": 1}
    assert told == ["half a character"]


def test_characters_in_two_halves_are_whole_characters() -> None:
    event = parse('{"type": "\\ud83d\\ude00"}')
    assert event.type == "😀"


def test_an_item_knows_whose_it_is() -> None:
    def owner(**fields: str) -> str:
        return ev.Item.model_validate({"id": "i", **fields}).belongs_to

    assert owner(type="message", role="assistant") == "agent"
    assert owner(type="message", role="system") == "system"
    assert owner(type="message", role="user") == "user"
    assert owner(type="message") == "user"
    assert owner(type="function_call") == "tool"
    assert owner(type="mcp_list_tools") == "tool"


def test_the_frame_of_an_event_shows_its_kind_and_nothing_else() -> None:
    frame = ev.ServerEvent(ev.Event.model_validate({"type": "x", "text": "secret"}))
    assert repr(frame) == "<ServerEvent x>"


def test_of_an_event_that_nobody_heeds_no_field_is_looked_at() -> None:
    message = json.dumps({"type": "rate_limits.updated", "rate_limits": "many"})
    heeded, unheeded = list[str](), list[str]()
    parse(message, heeded)
    assert type(parse(message, unheeded, heeded=())) is ev.Event
    assert (heeded, unheeded) == (["rate_limits"], [])

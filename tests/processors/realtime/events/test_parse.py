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
        ('{"type": "response.done"}', "response.done: response: Field required"),
        (
            '{"type": "response.done", "response": {"id": 5}}',
            "response.done: response.id: Input should be a valid string",
        ),
        ('{"type": "my name is Ada\\ud800"}', "got 32 characters that are none"),
    ],
)
def test_what_is_wrong_is_said_without_what_was_said(
    message: str, expected: str
) -> None:
    with pytest.raises(BadEvent) as caught:
        parse(message)
    assert expected in str(caught.value)
    assert "Ada" not in str(caught.value)


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

"""Statements 3 to 5 and 17 to 29 of the protocol notes: what is refused, and how."""

from __future__ import annotations

import json

import pytest

from voxpipe.simulator import Line, Script

from .bench import Bench, hum, silence, types


def test_03_every_event_has_a_type_and_an_id_of_its_own() -> None:
    bench = Bench(Script(replies=(Line(say="Good evening."),)))
    bench.append(silence(200) + hum(600) + silence(400))
    bench.run()
    ids = [event["event_id"] for event in bench.events]
    assert len(ids) > 20
    assert len(set(ids)) == len(ids)
    assert all(id.startswith("event_") and len(id) == 6 + 21 for id in ids)
    assert all(isinstance(event["type"], str) for event in bench.events)


def test_04_a_binary_frame_is_an_invalid_event() -> None:
    bench = Bench()
    (event,) = bench.raw(b"\x00\x01")
    assert event["error"]["code"] == "invalid_event"
    assert "binary frames are not supported" in event["error"]["message"]
    assert types(bench.send("input_audio_buffer.clear")) == [
        "input_audio_buffer.cleared"
    ]


@pytest.mark.parametrize(
    "text", ["", "{", "nonsense", "NaN", '{"a": Infinity}', "[" * 100_000, "9" * 5000]
)
def test_05_what_is_not_json_is_invalid_json(text: str) -> None:
    bench = Bench()
    (event,) = bench.raw(text)
    assert event["error"]["code"] == "invalid_json"
    assert event["error"]["param"] is None
    assert bench.machine.close_frame is None


def test_17_an_error_names_the_event_that_it_blames() -> None:
    bench = Bench()
    assert bench.refused("response.cancel", event_id="mine")["event_id"] == "mine"
    assert bench.refused("response.cancel")["event_id"] is None


def test_18_an_unknown_type_is_answered_with_the_list_of_types() -> None:
    error = Bench().refused("nope")
    assert error["code"] == "invalid_value"
    assert error["param"] == "type"
    assert error["message"].startswith("Invalid value: 'nope'. Supported values are: ")
    assert error["message"].count("'") == 2 + 2 * 12


def test_19_an_unknown_session_field_is_named_and_nothing_is_applied() -> None:
    bench = Bench()
    error = bench.refused(
        "session.update",
        session={"type": "realtime", "instructions": "Hi.", "bogus_field": 1},
    )
    assert error["code"] == "unknown_parameter"
    assert error["param"] == "session.bogus_field"
    assert error["message"] == "Unknown parameter: 'session.bogus_field'."
    assert bench.update() == bench.session


@pytest.mark.parametrize(
    ("session", "param"),
    [
        ({"audio": {"input": {"formt": {}}}}, "session.audio.input.formt"),
        (
            {"audio": {"input": {"turn_detection": {"type": "server_vad", "x": 1}}}},
            "session.audio.input.turn_detection.x",
        ),
        (
            {"tools": [{"type": "function", "name": "f", "oops": 1}]},
            "session.tools[0].oops",
        ),
    ],
)
def test_19_nested_fields_are_named_by_their_dotted_path(
    session: dict[str, object], param: str
) -> None:
    error = Bench().refused("session.update", session={"type": "realtime"} | session)
    assert (error["code"], error["param"]) == ("unknown_parameter", param)


def test_20_after_many_errors_a_response_completes_normally() -> None:
    bench = Bench()
    for _ in range(50):
        bench.refused("nope")
        bench.raw("{")
        bench.refused("conversation.item.delete", item_id="x")
    done = bench.respond()[-2]
    assert done["response"]["status"] == "completed"


def test_21_a_rate_of_16_khz_is_refused_with_all_else_in_the_update() -> None:
    bench = Bench()
    audio = {
        "input": {
            "format": {"type": "audio/pcm", "rate": 16_000},
            "transcription": {"model": "whisper-1"},
        }
    }
    error = bench.refused(
        "session.update", session={"type": "realtime", "audio": audio}
    )
    assert error["code"] == "integer_below_min_value"
    assert error["param"] == "session.audio.input.format.rate"
    assert "Expected a value >= 24000" in error["message"]
    assert bench.update()["audio"]["input"]["transcription"] is None


@pytest.mark.parametrize(("ms", "quoted"), [(0, "0.00ms"), (60, "60.00ms")])
def test_22_a_commit_of_less_than_100_ms_quotes_what_there_is(
    ms: int, quoted: str
) -> None:
    bench = Bench()
    bench.append(silence(ms))
    error = bench.refused("input_audio_buffer.commit")
    assert error["code"] == "input_audio_buffer_commit_empty"
    assert error["message"].endswith(f"buffer only has {quoted} of audio.")
    assert bench.run() == []


def test_23_a_second_response_is_refused_and_the_first_goes_on() -> None:
    bench = Bench()
    (created,) = bench.send("response.create")
    active = created["response"]["id"]
    error = bench.refused("response.create")
    assert error["code"] == "conversation_already_has_active_response"
    assert active in error["message"]
    events = bench.run()
    assert "response.created" not in types(events)
    (done,) = [event for event in events if event["type"] == "response.done"]
    assert done["response"]["id"] == active
    assert done["response"]["status"] == "completed"


def test_24_cancelling_nothing_is_refused() -> None:
    bench = Bench()
    error = bench.refused("response.cancel")
    assert error["code"] == "response_cancel_not_active"
    assert error["message"] == "Cancellation failed: no active response found"
    assert bench.respond()[-2]["response"]["status"] == "completed"


@pytest.mark.parametrize(
    ("event", "code"),
    [
        ("conversation.item.delete", "item_delete_invalid_item_id"),
        ("conversation.item.retrieve", "item_retrieve_invalid_item_id"),
        ("conversation.item.truncate", "item_truncate_invalid_item_id"),
    ],
)
def test_25_unknown_items_have_three_distinct_codes(event: str, code: str) -> None:
    fields = {"audio_end_ms": 0, "content_index": 0} if "truncate" in event else {}
    error = Bench().refused(event, item_id="yo", **fields)
    assert error["code"] == code
    assert "yo" in error["message"]


def test_26_an_unknown_previous_item_leaves_the_conversation_unchanged() -> None:
    bench = Bench()
    content = [{"type": "input_text", "text": "Hi."}]
    item = {"type": "message", "role": "user", "content": content}
    bench.refused("conversation.item.create", item=item, previous_item_id="item_x")
    (added, _) = bench.type_in("First.")
    assert added["previous_item_id"] is None


def test_27_the_voice_is_fixed_by_the_first_audio_even_to_itself() -> None:
    bench = Bench()
    bench.update(audio={"output": {"voice": "marin"}})
    bench.respond()
    for voice in ("marin", "cedar"):
        session = {"type": "realtime", "audio": {"output": {"voice": voice}}}
        error = bench.refused("session.update", session=session)
        assert error["code"] == "cannot_update_voice"
        assert error["param"] == "session.audio.output.voice"


def test_28_truncating_beyond_the_audio_quotes_both_durations() -> None:
    bench = Bench()
    done = bench.respond()[-2]
    item_id = done["response"]["output"][0]["id"]
    error = bench.refused(
        "conversation.item.truncate",
        item_id=item_id,
        content_index=0,
        audio_end_ms=57_340,
    )
    assert error["code"] == "invalid_value"
    assert error["message"].startswith("Audio content of ")
    assert error["message"].endswith("ms is already shorter than 57340ms")


def test_29_only_assistant_audio_can_be_truncated() -> None:
    bench = Bench()
    (added, _) = bench.type_in("Hi.")
    bench.update(output_modalities=["text"])
    written = bench.respond()[-2]["response"]["output"][0]["id"]
    for item_id in (added["item"]["id"], written):
        error = bench.refused(
            "conversation.item.truncate",
            item_id=item_id,
            content_index=0,
            audio_end_ms=0,
        )
        assert error["message"] == "Only model output audio messages can be truncated"


@pytest.mark.parametrize(
    ("event", "code", "param"),
    [
        ({}, "missing_required_parameter", "type"),
        ({"type": 5}, "invalid_type", "type"),
        ({"type": []}, "invalid_type", "type"),
        ({"type": "session.update"}, "missing_required_parameter", "session"),
        ({"type": "input_audio_buffer.append"}, "missing_required_parameter", "audio"),
        (
            {"type": "input_audio_buffer.append", "audio": "ééé"},
            "invalid_value",
            "audio",
        ),
        ({"type": "input_audio_buffer.append", "audio": 5}, "invalid_type", "audio"),
        (
            {"type": "input_audio_buffer.append", "audio": "", "x": 1},
            "unknown_parameter",
            "x",
        ),
        ({"type": "input_audio_buffer.commit", "x": 1}, "unknown_parameter", "x"),
        ({"type": "response.create", "event_id": 5}, "invalid_type", "event_id"),
        (
            {"type": "response.create", "event_id": "x" * 513},
            "string_above_max_length",
            "event_id",
        ),
    ],
)
def test_malformed_events_are_refused_by_field(
    event: dict[str, object], code: str, param: str
) -> None:
    (refused,) = Bench().raw(json.dumps(event))
    assert refused["error"]["code"] == code
    assert refused["error"]["param"] == param


def test_json_that_is_no_object_is_an_invalid_event() -> None:
    for text in ("[]", "5", '"hi"', "null"):
        (refused,) = Bench().raw(text)
        assert refused["error"]["code"] == "invalid_event"


def test_errors_repeat_only_the_beginning_of_what_a_client_sent() -> None:
    error = Bench().refused("x" * 5000)
    assert len(error["message"]) < 600

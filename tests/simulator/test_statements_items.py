"""Statements 39 to 46 and 91: the items of the conversation."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from voxpipe.simulator import Line, Script
from voxpipe.simulator.service.conversation.items import MAX_IMAGE

from .bench import Bench, Json, hum, silence, types

PIXEL = base64.b64encode(b"\x89PNG\r\n\x1a\n").decode()


def message(text: str, **fields: Any) -> Json:
    content = [{"type": "input_text", "text": text}]
    return {"type": "message", "role": "user", "content": content} | fields


def create(bench: Bench, item: Json, **fields: Any) -> list[Json]:
    return bench.send("conversation.item.create", item=item, **fields)


def retrieve(bench: Bench, item_id: str) -> Json:
    (event,) = bench.send("conversation.item.retrieve", item_id=item_id)
    assert event["type"] == "conversation.item.retrieved"
    item: Json = event["item"]
    return item


@pytest.mark.parametrize(
    "item",
    [
        message("Hi."),
        message("Hi.", role="system"),
        {
            "type": "message",
            "role": "assistant",
            "content": [{"type": "output_text", "text": "Hello."}],
        },
        {"type": "function_call", "name": "f", "arguments": "{}", "call_id": "call_1"},
        {"type": "function_call", "name": "f", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "call_1", "output": "{}"},
    ],
)
def test_39_a_created_item_is_added_and_done_and_no_more(item: Json) -> None:
    bench = Bench()
    added, done = create(bench, item)
    assert added["type"] == "conversation.item.added"
    assert done["type"] == "conversation.item.done"
    assert added["item"] == done["item"]
    assert added["item"]["status"] == "completed"
    assert item.items() <= added["item"].items()
    assert bench.run() == []


def test_40_an_item_id_is_kept_or_made() -> None:
    bench = Bench()
    added, _ = create(bench, message("Hi.", id="mine"))
    assert added["item"]["id"] == "mine"
    added, _ = create(bench, message("Hi."))
    assert added["item"]["id"].startswith("item_")
    assert len(added["item"]["id"]) == 5 + 21
    error = bench.refused("conversation.item.create", item=message("Hi.", id="mine"))
    assert error["param"] == "item.id"


def test_41_previous_item_id_is_the_predecessor() -> None:
    bench = Bench()

    def place(id: str, **fields: Any) -> Any:
        added, done = create(bench, message("Hi.", id=id), **fields)
        assert added["previous_item_id"] == done["previous_item_id"]
        return added["previous_item_id"]

    assert place("b") is None
    assert place("d") == "b"
    assert place("c", previous_item_id="b") == "b"
    assert place("a", previous_item_id="root") is None
    assert place("e") == "d"


def test_42_audio_appears_only_when_an_item_is_retrieved() -> None:
    bench = Bench(Script(replies=(Line(say="Good evening."),)))
    bench.append(silence(200) + hum(600) + silence(400))
    bench.run()
    items = [event["item"] for event in bench.events if "item" in event]
    done = [event for event in bench.events if event["type"] == "response.done"]
    items += done[0]["response"]["output"]
    parts = [part for item in items for part in item["content"]]
    assert {part["type"] for part in parts} == {"input_audio", "output_audio"}
    assert not any("audio" in part for part in parts)
    for item_id in {item["id"] for item in items}:
        (part,) = retrieve(bench, item_id)["content"]
        assert len(base64.b64decode(part["audio"])) > 24_000


def test_42_what_is_retrieved_is_what_was_said() -> None:
    bench = Bench()
    bench.update_input(turn_detection=None)
    audio = hum(500)
    bench.append(audio)
    committed, *_ = bench.send("input_audio_buffer.commit")
    (part,) = retrieve(bench, committed["item_id"])["content"]
    assert base64.b64decode(part["audio"]) == audio


def test_43_user_audio_is_an_item_without_transcript() -> None:
    bench = Bench()
    bench.update_input(turn_detection=None)
    bench.append(hum(500))
    _, added, _ = bench.send("input_audio_buffer.commit")
    assert added["item"]["content"] == [{"type": "input_audio", "transcript": None}]
    assert "object" not in added["item"]


def test_44_a_transcript_does_not_finish_the_item_again() -> None:
    bench = Bench(Script(replies=(Line(heard="Hello?"),)))
    bench.update_input(
        turn_detection=None, transcription={"model": "gpt-4o-mini-transcribe"}
    )
    bench.append(hum(500))
    committed, *_ = bench.send("input_audio_buffer.commit")
    events = bench.run()
    assert events[-1]["transcript"] == "Hello?"
    assert not any(each.startswith("conversation.item.done") for each in types(events))
    (part,) = retrieve(bench, committed["item_id"])["content"]
    assert part["transcript"] == "Hello?"


@pytest.mark.parametrize("kind", ["png", "jpeg"])
def test_45_an_image_is_a_data_uri_of_png_or_jpeg(kind: str) -> None:
    part = {
        "type": "input_image",
        "image_url": f"data:image/{kind};base64,{PIXEL}",
        "detail": "auto",
    }
    added, _ = create(Bench(), message("") | {"content": [part]})
    assert added["item"]["content"][0]["detail"] == "high"


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org/a.png",
        f"data:image/gif;base64,{PIXEL}",
        f"data:image/png,{PIXEL}",
        "data:image/png;base64,",
        "data:image/png;base64,!!",
        "data:image/png;base64,R0lGODlh",  # GIF89a
        "data:image/jpeg;base64,iVBORw==",  # no more than the beginning of a beginning
        f"data:image/png;base64,{PIXEL[:-4]}{'A' * MAX_IMAGE}",
        5,
    ],
)
def test_45_other_images_are_refused(url: object) -> None:
    item = message("") | {"content": [{"type": "input_image", "image_url": url}]}
    error = Bench().refused("conversation.item.create", item=item)
    assert error["param"] == "item.content[0].image_url"


def test_46_a_client_cannot_create_assistant_audio() -> None:
    part = {"type": "output_audio", "audio": "AAAA", "transcript": "Hi."}
    item = {"type": "message", "role": "assistant", "content": [part]}
    error = Bench().refused("conversation.item.create", item=item)
    assert error["code"] == "invalid_value"
    assert error["param"] == "item.content[0].type"


@pytest.mark.parametrize(
    ("item", "code", "param"),
    [
        (
            message("") | {"content": [{"type": "input_text"}]},
            "missing_required_parameter",
            "item.content[0].text",
        ),
        ({"type": "message"}, "missing_required_parameter", "item.role"),
        (
            {"type": "message", "role": "user"},
            "missing_required_parameter",
            "item.content",
        ),
        ({"type": "item_reference", "id": "x"}, "invalid_value", "item.type"),
        ({"type": "mcp_call", "id": "x"}, "invalid_value", "item.type"),
        (
            message("") | {"content": [{"type": "input_audio", "audio": "AAA"}]},
            "invalid_value",
            "item.content[0].audio",
        ),
        (
            message("")
            | {"content": [{"type": "input_audio", "audio": "AAAA"}]},  # 3 bytes
            "invalid_value",
            "item.content[0].audio",
        ),
    ],
)
def test_a_wrong_item_is_refused_by_field(item: Json, code: str, param: str) -> None:
    error = Bench().refused("conversation.item.create", item=item)
    assert (error["code"], error["param"]) == (code, param)


def test_a_deleted_item_is_gone() -> None:
    bench = Bench()
    create(bench, message("Hi.", id="a"))
    create(bench, message("Ho.", id="b"))
    (deleted,) = bench.send("conversation.item.delete", item_id="a")
    assert deleted["item_id"] == "a"
    bench.refused("conversation.item.retrieve", item_id="a")
    added, _ = create(bench, message("He.", id="a"), previous_item_id="root")
    assert added["previous_item_id"] is None


def test_deleting_what_is_being_said_disturbs_nothing() -> None:
    bench = Bench(Script(replies=(Line(say="A rather long sentence, all in all."),)))
    bench.send("response.create")
    added = bench.until("response.output_item.added")
    item_id = added[0]["item"]["id"]
    bench.send("conversation.item.delete", item_id=item_id)
    events = bench.until("response.done")
    assert events[-1]["response"]["status"] == "completed"
    assert "conversation.item.done" not in types(events)


def test_91_what_was_cut_is_gone_with_its_transcript() -> None:
    bench = Bench(Script(replies=(Line(say="A rather long sentence, all in all."),)))
    item_id = bench.respond()[-2]["response"]["output"][0]["id"]
    before = bench.respond()[-2]["response"]["usage"]["input_token_details"]
    (cut,) = bench.send(
        "conversation.item.truncate",
        item_id=item_id,
        content_index=0,
        audio_end_ms=700,
    )
    assert cut["type"] == "conversation.item.truncated"
    assert (cut["item_id"], cut["audio_end_ms"]) == (item_id, 700)
    (part,) = retrieve(bench, item_id)["content"]
    assert len(base64.b64decode(part["audio"])) == 700 * 48
    assert part["transcript"] is None
    usage = bench.respond(input=[{"type": "item_reference", "id": item_id}])[-2]
    details = usage["response"]["usage"]["input_token_details"]
    assert details["audio_tokens"] == 700 / 50
    assert details["audio_tokens"] < before["audio_tokens"]


def test_an_item_is_truncated_only_once() -> None:
    bench = Bench()
    item_id = bench.respond()[-2]["response"]["output"][0]["id"]
    cut = {"item_id": item_id, "content_index": 0, "audio_end_ms": 100}
    bench.send("conversation.item.truncate", **cut)
    error = bench.refused("conversation.item.truncate", **cut)
    assert error["code"] == "item_already_truncated"


def test_a_conversation_keeps_the_durations_of_audio_that_it_forgets() -> None:
    bench = Bench()
    bench.update_input(turn_detection=None)
    minute = silence(60_000)
    for _ in range(25):  # 72 MB, more than is kept
        bench.append(minute, chunk_ms=60_000)
        bench.send("input_audio_buffer.commit")
    committed = [e for e in bench.events if e["type"].endswith(".committed")]
    first, last = (retrieve(bench, committed[n]["item_id"]) for n in (0, -1))
    assert first["content"][0]["audio"] == ""
    assert len(last["content"][0]["audio"]) > 3_000_000
    usage = bench.respond()[-2]["response"]["usage"]
    assert usage["input_token_details"]["audio_tokens"] == 25 * 600

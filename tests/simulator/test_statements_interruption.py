"""Statements 86 to 92: interrupting, cancelling, truncating."""

from __future__ import annotations

from typing import Any

import pytest

from voxpipe.simulator import CallTool, Line, Script

from .bench import Bench, Json, hum, silence, types

LONG = "This is a rather long sentence, which takes its time, and then ends."
SPEECH = hum(600) + silence(400)
NOTHING = {
    "total_tokens": 0,
    "input_tokens": 0,
    "output_tokens": 0,
    "input_token_details": {
        "text_tokens": 0,
        "audio_tokens": 0,
        "image_tokens": 0,
        "cached_tokens": 0,
        "cached_tokens_details": {
            "text_tokens": 0,
            "audio_tokens": 0,
            "image_tokens": 0,
        },
    },
    "output_token_details": {"text_tokens": 0, "audio_tokens": 0},
}
CLOSING = [
    "response.output_audio.done",
    "response.output_audio_transcript.done",
    "response.content_part.done",
    "conversation.item.done",
    "response.output_item.done",
    "response.done",
]


def talking(*lines: str, **response: Any) -> Bench:
    """A session in which a response has begun to speak."""
    bench = Bench(Script(replies=tuple(Line(say=line) for line in lines or (LONG,))))
    bench.send("response.create", response=response)
    bench.until("response.output_audio.delta")
    return bench


def test_86_speech_closes_the_response_in_the_same_step() -> None:
    bench = talking()
    active = next(e for e in bench.events if e["type"] == "response.created")
    events: list[Json] = []
    speech = SPEECH
    while not events:  # up to the very append in which speech is detected
        events, speech = bench.append(speech[: 20 * 48]), speech[20 * 48 :]
    assert types(events) == ["input_audio_buffer.speech_started", *CLOSING]
    response = events[-1]["response"]
    assert response["id"] == active["response"]["id"]
    assert response["status"] == "cancelled"
    assert response["status_details"] == {
        "type": "cancelled",
        "reason": "turn_detected",
    }
    later = bench.append(speech) + bench.run()
    stray = [e for e in later if e.get("response_id") == response["id"]]
    assert stray == []
    assert types(later).count("response.done") == 1


@pytest.mark.parametrize("by", ["client", "caller"])
def test_87_a_cancel_before_any_output_leaves_nothing(by: str) -> None:
    bench = Bench()
    bench.send("response.create")
    if by == "client":
        events = bench.send("response.cancel")
        reason = "client_cancelled"
    else:
        events = bench.append(hum(200))[1:]
        reason = "turn_detected"
    assert types(events) == ["response.done"]
    response = events[0]["response"]
    assert response["output"] == []
    assert response["usage"] == NOTHING
    assert response["status_details"]["reason"] == reason
    assert types(bench.run()) == ["rate_limits.updated"]


def test_88_a_cancel_after_output_keeps_an_incomplete_item() -> None:
    bench = talking()
    events = bench.send("response.cancel")
    assert types(events) == CLOSING
    response = events[-1]["response"]
    assert response["status_details"]["reason"] == "client_cancelled"
    (item,) = response["output"]
    assert item["status"] == "incomplete"
    said = item["content"][0]["transcript"]
    assert said
    assert said != LONG
    assert LONG.startswith(said)
    usage = response["usage"]["output_token_details"]
    assert usage["audio_tokens"] == 5  # one delta of 250 ms
    (event,) = bench.send("conversation.item.retrieve", item_id=item["id"])
    assert event["item"]["status"] == "incomplete"
    assert event["item"]["content"][0]["transcript"] == said


def test_88_a_cancelled_function_call_is_closed_as_incomplete() -> None:
    call = CallTool(name="f", arguments={"a": "a rather long argument with many words"})
    bench = Bench(Script(replies=(Line(calls=(call,)),)))
    bench.update(tools=[{"type": "function", "name": "f"}])
    bench.send("response.create")
    bench.until("response.function_call_arguments.delta")
    events = bench.send("response.cancel")
    assert types(events) == [
        "response.function_call_arguments.done",
        "conversation.item.done",
        "response.output_item.done",
        "response.done",
    ]
    assert events[-1]["response"]["output"][0]["status"] == "incomplete"


def test_89_out_of_band_responses_survive_an_interruption() -> None:
    bench = talking()
    aside = bench.send(
        "response.create",
        response={"conversation": "none", "instructions": f'Say: "{LONG}"'},
    )[0]["response"]["id"]
    bench.append(SPEECH)
    done = [e["response"] for e in bench.run() if e["type"] == "response.done"]
    assert {r["id"]: r["status"] for r in done}[aside] == "completed"


def test_90_on_a_websocket_nothing_is_truncated_by_itself() -> None:
    bench = talking()
    bench.append(SPEECH)
    bench.run()
    bench.append(SPEECH)  # the reply is over, but the client may still be playing it
    bench.run()
    names = set(types(bench.events))
    assert "conversation.item.truncated" not in names
    assert not any(name.startswith("output_audio_buffer.") for name in names)
    bench.refused("output_audio_buffer.clear")


def test_92_a_cancel_by_id_stops_only_that_response() -> None:
    bench = talking()
    created = [
        bench.send(
            "response.create",
            response={"conversation": "none", "instructions": f'Say: "{LONG}"'},
        )[0]["response"]["id"]
        for _ in range(2)
    ]
    (done,) = bench.send("response.cancel", response_id=created[0])
    assert done["response"]["id"] == created[0]
    others = {
        e["response"]["id"]: e["response"]["status"]
        for e in bench.run()
        if e["type"] == "response.done"
    }
    assert len(others) == 2
    assert set(others.values()) == {"completed"}
    bench.refused("response.cancel", response_id=created[0])


def test_a_cancelled_response_can_be_truncated_to_what_was_heard() -> None:
    bench = talking()
    item_id = bench.send("response.cancel")[-1]["response"]["output"][0]["id"]
    error = bench.refused(
        "conversation.item.truncate",
        item_id=item_id,
        content_index=0,
        audio_end_ms=251,
    )
    assert error["message"] == "Audio content of 250ms is already shorter than 251ms"
    (event,) = bench.send(
        "conversation.item.truncate",
        item_id=item_id,
        content_index=0,
        audio_end_ms=120,
    )
    assert event["audio_end_ms"] == 120


def said(bench: Bench) -> list[str]:
    return [
        event["transcript"]
        for event in bench.events
        if event["type"] == "response.output_audio_transcript.done"
    ]


@pytest.mark.parametrize("turns", ["server", "client"])
def test_a_caller_who_only_paused_gets_the_same_answer(turns: str) -> None:
    lines = (Line(heard="Are you, er, open?", say="Yes."), Line(say="Until ten."))
    bench = Bench(Script(replies=lines))
    bench.update_input(transcription={"model": "whisper-1"})
    if turns == "server":
        bench.append(SPEECH + SPEECH)
    else:
        bench.update_input(turn_detection=None)
        for _ in range(2):
            bench.append(SPEECH)
            bench.send("input_audio_buffer.commit")
            bench.send("response.create")
            if _ == 0:
                bench.send("response.cancel")
    bench.run()
    assert said(bench) == ["Yes."]
    name = "conversation.item.input_audio_transcription.completed"
    heard = [e["transcript"] for e in bench.events if e["type"] == name]
    assert heard[0] == "Are you, er, open?"
    assert heard[1].startswith("(speech, ")


def test_an_interrupted_answer_is_followed_by_the_next_line() -> None:
    bench = talking(LONG, "As you like.")
    bench.append(SPEECH)
    bench.run()
    assert said(bench)[1] == "As you like."

"""Statements 47 to 68 and 83, 84: the life of a response."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Sequence
from typing import Any

import pytest

from voxpipe.simulator import CallTool, Failure, Line, Script, Timing

from .bench import Bench, Json, hum, silence, types

WEATHER = {
    "type": "function",
    "name": "get_weather",
    "description": "The weather somewhere.",
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
    },
}
CALL = CallTool(name="get_weather", arguments={"city": "Rome"})
LONG = "This is a rather long sentence, which takes its time, and then ends."


def scripted(*lines: Line, model: str = "gpt-realtime", **fields: Any) -> Bench:
    return Bench(Script(replies=lines, **fields), model=model)


def merged(events: Sequence[Json]) -> list[str]:
    """The types in order, runs of deltas as one."""
    short: list[str] = []
    for name in types(events):
        if not short or short[-1] != name or not name.endswith(".delta"):
            short.append(name)
    return short


def joined(events: Sequence[Json], type: str) -> str:
    return "".join(event["delta"] for event in events if event["type"] == type)


def only(events: Sequence[Json], type: str) -> Json:
    (event,) = [event for event in events if event["type"] == type]
    return event


def test_47_a_text_response_emits_exactly_the_documented_sequence() -> None:
    bench = scripted(Line(say="Hi there."))
    bench.update(output_modalities=["text"])
    assert merged(bench.respond()) == [
        "response.created",
        "response.output_item.added",
        "conversation.item.added",
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_text.done",
        "response.content_part.done",
        "conversation.item.done",
        "response.output_item.done",
        "response.done",
        "rate_limits.updated",
    ]


def test_48_an_audio_response_emits_exactly_the_documented_sequence() -> None:
    bench = scripted(Line(say="Hi."), timing=Timing(transcript_lead_ms=5000))
    events = bench.respond()
    assert merged(events) == [
        "response.created",
        "response.output_item.added",
        "conversation.item.added",
        "response.content_part.added",
        "response.output_audio_transcript.delta",
        "response.output_audio.delta",
        "response.output_audio.done",
        "response.output_audio_transcript.done",
        "response.content_part.done",
        "conversation.item.done",
        "response.output_item.done",
        "response.done",
        "rate_limits.updated",
    ]
    assert events[3]["part"] == {"type": "audio", "transcript": ""}
    assert events[1]["item"]["content"] == []
    content = events[-2]["response"]["output"][0]["content"]
    assert content == [{"type": "output_audio", "transcript": "Hi."}]


@pytest.mark.parametrize("modality", ["text", "audio"])
def test_49_deltas_add_up_to_what_is_said_to_be_done(modality: str) -> None:
    bench = scripted(Line(say=LONG))
    events = bench.respond(output_modalities=[modality])
    kind = "text" if modality == "text" else "audio_transcript"
    field = "text" if modality == "text" else "transcript"
    assert joined(events, f"response.output_{kind}.delta") == LONG
    assert only(events, f"response.output_{kind}.done")[field] == LONG
    assert only(events, "response.content_part.done")["part"][field] == LONG
    for name in ("conversation.item.done", "response.output_item.done"):
        assert only(events, name)["item"]["content"][0][field] == LONG


def test_50_a_response_begins_empty() -> None:
    created = scripted(Line(say="Hi.")).respond(metadata={"a": "b"})[0]["response"]
    assert created["object"] == "realtime.response"
    assert created["status"] == "in_progress"
    assert created["output"] == []
    assert created["usage"] is None
    assert created["status_details"] is None
    assert created["metadata"] == {"a": "b"}
    assert created["conversation_id"].startswith("conv_")
    assert created["max_output_tokens"] == "inf"
    assert created["audio"]["output"]["voice"] == "alloy"
    assert scripted().respond()[0]["response"]["metadata"] is None


def test_51_every_response_is_done_exactly_once() -> None:
    bench = scripted(
        Line(say="Hi."),
        Line(fails=Failure()),
        Line(say=LONG),
        Line(say=LONG),
    )
    for index in range(4):
        bench.send(
            "response.create",
            response={"max_output_tokens": 8 if index == 2 else "inf"},
        )
        if index == 3:
            bench.until("response.output_audio.delta")
            bench.send("response.cancel")
        bench.run()
    created = [
        e["response"]["id"] for e in bench.events if e["type"] == "response.created"
    ]
    done = [e["response"] for e in bench.events if e["type"] == "response.done"]
    assert created == [response["id"] for response in done]
    assert [response["status"] for response in done] == [
        "completed",
        "failed",
        "incomplete",
        "cancelled",
    ]


def test_52_the_output_index_counts_items() -> None:
    bench = scripted(Line(say="One moment.", calls=(CALL, CALL)))
    bench.update(tools=[WEATHER])
    events = bench.respond()
    added = [e for e in events if e["type"] == "response.output_item.added"]
    assert [event["output_index"] for event in added] == [0, 1, 2]
    assert {e["content_index"] for e in events if "content_index" in e} == {0}


def test_53_text_deltas_carry_padding_of_random_length() -> None:
    bench = scripted(Line(say=LONG))
    events = bench.respond(output_modalities=["text"])
    deltas = [e for e in events if e["type"] == "response.output_text.delta"]
    lengths = {len(delta["obfuscation"]) for delta in deltas}
    assert len(lengths) > 3
    assert min(lengths) >= 1
    plain = scripted(Line(say=LONG), obfuscation=False).respond()
    assert not any("obfuscation" in event for event in plain)


def test_54_rate_limits_follow_the_response_with_one_entry() -> None:
    bench = scripted(Line(say="Hi."))
    events = bench.respond()
    assert types(events[-2:]) == ["response.done", "rate_limits.updated"]
    (limit,) = events[-1]["rate_limits"]
    assert limit["name"] == "tokens"
    used = events[-2]["response"]["usage"]["total_tokens"]
    assert limit["limit"] - limit["remaining"] == pytest.approx(used, abs=1)
    assert limit["reset_seconds"] > 0


def test_54_there_are_no_rate_limits_in_a_transcription_session() -> None:
    bench = Bench(kind="transcription", model="")
    bench.append(silence(200) + hum(600) + silence(400))
    bench.run()
    assert "rate_limits.updated" not in types(bench.events)
    assert not any(name.startswith("response.") for name in types(bench.events))
    bench.refused("response.create")


def test_55_a_function_call_emits_exactly_the_documented_sequence() -> None:
    bench = scripted(Line(calls=(CALL,)))
    bench.update(tools=[WEATHER])
    events = bench.respond()
    assert merged(events) == [
        "response.created",
        "response.output_item.added",
        "conversation.item.added",
        "response.function_call_arguments.delta",
        "response.function_call_arguments.done",
        "conversation.item.done",
        "response.output_item.done",
        "response.done",
        "rate_limits.updated",
    ]
    begun = events[1]["item"]
    assert (begun["arguments"], begun["status"]) == ("", "in_progress")
    assert re.fullmatch(r"call_\w{16}", begun["call_id"])
    done = only(events, "response.function_call_arguments.done")
    assert (done["name"], done["call_id"]) == ("get_weather", begun["call_id"])
    assert json.loads(done["arguments"]) == {"city": "Rome"}
    assert joined(events, "response.function_call_arguments.delta") == done["arguments"]
    item = only(events, "response.output_item.done")["item"]
    assert list(item) == ["id", "type", "status", "name", "call_id", "arguments"]
    assert events[-2]["response"]["output"] == [item]


def test_56_a_response_may_speak_and_then_call() -> None:
    bench = scripted(Line(say="One moment.", calls=(CALL,)))
    bench.update(tools=[WEATHER])
    output = bench.respond()[-2]["response"]["output"]
    assert [item["type"] for item in output] == ["message", "function_call"]


def test_57_a_result_triggers_no_response_and_the_next_one_can_use_it() -> None:
    bench = scripted(Line(calls=(CALL,)), Line(say="It is {result.celsius} degrees."))
    bench.update(tools=[WEATHER])
    call = bench.respond()[-2]["response"]["output"][0]
    output = {"type": "function_call_output", "call_id": call["call_id"]}
    item = output | {"output": '{"celsius": 21}'}
    assert len(bench.send("conversation.item.create", item=item)) == 2
    assert bench.run() == []
    said = bench.respond()[-2]["response"]["output"][0]["content"][0]["transcript"]
    assert said == "It is 21 degrees."


def test_58_what_a_response_asks_for_holds_for_it_alone() -> None:
    bench = scripted(Line(say="Hi."), Line(say="Hi."))
    first = bench.respond(
        output_modalities=["text"], max_output_tokens=99, metadata={"a": "b"}
    )[0]["response"]
    second = bench.respond()[0]["response"]
    assert first["output_modalities"] == ["text"]
    assert first["max_output_tokens"] == 99
    assert second["output_modalities"] == ["audio"]
    assert second["max_output_tokens"] == "inf"
    assert second["metadata"] is None


def test_58_a_response_has_its_own_voice_format_and_instructions() -> None:
    bench = scripted(Line(say="Hi."), Line(say="Hi."))
    output = {"voice": "cedar", "format": {"type": "audio/pcmu"}}
    first = bench.respond(audio={"output": output}, instructions="Be brief. " * 50)
    second = bench.respond()
    assert first[0]["response"]["audio"]["output"] == output
    assert second[0]["response"]["audio"]["output"]["voice"] == "alloy"
    tokens = [
        each[-2]["response"]["usage"]["input_token_details"]["text_tokens"]
        for each in (first, second)
    ]
    assert tokens[0] > 100
    assert bench.update()["instructions"] == bench.session["instructions"]


def test_59_an_out_of_band_response_leaves_the_conversation_alone() -> None:
    bench = scripted(Line(say="Hi."), out_of_band=(Line(say="angry"),))
    events = bench.respond(conversation="none", output_modalities=["text"])
    assert not any(name.startswith("conversation.") for name in types(events))
    done = events[-2]["response"]
    assert done["conversation_id"] is None
    assert done["output"][0]["content"][0]["text"] == "angry"
    added, _ = bench.type_in("Hi.")
    assert added["previous_item_id"] is None
    assert "Hi." in json.dumps(bench.respond()[-2])


def test_60_out_of_band_responses_overlap_each_other_and_the_default_one() -> None:
    bench = scripted(Line(say=LONG))
    bench.send("response.create", response={"metadata": {"n": "default"}})
    for number in range(5):
        bench.send(
            "response.create",
            response={
                "conversation": "none",
                "metadata": {"n": str(number)},
                "output_modalities": ["text" if number % 2 else "audio"],
                "instructions": f'Say exactly: "{LONG}"',
            },
        )
    bench.run()
    created = [e["response"] for e in bench.events if e["type"] == "response.created"]
    assert len(created) == 6
    order = [e["response_id"] for e in bench.events if "response_id" in e]
    assert order != sorted(order, key=order.index)  # they do overlap
    for response in created:
        mine = [
            event
            for event in bench.events
            if event.get("response_id") == response["id"]
            or event.get("response", {}).get("id") == response["id"]
        ]
        assert merged(mine)[0] == "response.created"
        assert mine[-1]["type"] == "response.done"
        assert mine[-1]["response"]["status"] == "completed"
        assert mine[-1]["response"]["metadata"] == response["metadata"]
        (item,) = mine[-1]["response"]["output"]
        assert LONG in item["content"][0].values()


def test_61_input_replaces_the_context() -> None:
    bench = scripted()
    bench.type_in("In the conversation.")
    content = [{"type": "input_text", "text": "In the input."}]
    given = [{"type": "message", "role": "user", "content": content}]

    def said(**response: Any) -> Any:
        events = bench.respond(output_modalities=["text"], **response)
        return events[-2]["response"]["output"][0]["content"][0]["text"]

    assert said(input=given, conversation="none") == "In the input."
    assert said() == "In the conversation."
    assert said(input=[], conversation="none") == "Hello. This is the simulator."


def test_61_an_item_reference_leads_to_an_item_or_to_an_error() -> None:
    bench = scripted()
    added, _ = bench.type_in("The first.")
    bench.type_in("The second.")
    reference = {"type": "item_reference", "id": added["item"]["id"]}
    done = bench.respond(input=[reference], output_modalities=["text"])[-2]
    assert done["response"]["output"][0]["content"][0]["text"] == "The first."
    error = bench.refused(
        "response.create", response={"input": [reference | {"id": "x"}]}
    )
    assert error["param"] == "response.input[0].id"


@pytest.mark.parametrize("limit", [1, 5, 8, 20, 30])
@pytest.mark.parametrize("modality", ["text", "audio"])
def test_62_a_limit_of_tokens_leaves_the_response_incomplete(
    limit: int, modality: str
) -> None:
    bench = scripted(Line(say=LONG * 3))
    events = bench.respond(max_output_tokens=limit, output_modalities=[modality])
    done = events[-2]["response"]
    assert done["status"] == "incomplete"
    assert done["status_details"] == {
        "type": "incomplete",
        "reason": "max_output_tokens",
    }
    assert done["usage"]["output_tokens"] == limit
    (item,) = done["output"]
    assert item["status"] == "incomplete"
    kind = "text" if modality == "text" else "audio_transcript"
    field = "text" if modality == "text" else "transcript"
    written = only(events, f"response.output_{kind}.done")[field]
    assert (LONG * 3).startswith(written)
    assert written == joined(events, f"response.output_{kind}.delta")


def test_63_tool_choice_forbids_and_forces() -> None:
    def output(choice: Any, line: Line) -> list[str]:
        bench = scripted(line)
        bench.update(tools=[WEATHER], tool_choice=choice)
        done = bench.respond()[-2]["response"]
        return [item.get("name", "message") for item in done["output"]]

    calling, talking = Line(say="Hm.", calls=(CALL,)), Line(say="Hm.")
    assert output("none", calling) == ["message"]
    assert output("auto", calling) == ["message", "get_weather"]
    assert output("auto", talking) == ["message"]
    assert output("required", talking) == ["get_weather"]
    forced = {"type": "function", "name": "get_weather"}
    assert output(forced, talking) == ["get_weather"]


def test_63_a_forced_call_has_arguments_that_fit_the_schema() -> None:
    bench = scripted()
    bench.update(tools=[WEATHER], tool_choice="required")
    (call,) = bench.respond()[-2]["response"]["output"]
    assert json.loads(call["arguments"]) == {"city": "example"}


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "integer"}, 1),
        ({"type": ["string", "null"]}, "example"),
        ({"enum": ["a", "b"]}, "a"),
        ({"type": "string", "default": "d"}, "d"),
        ({"type": "array"}, []),
        ({"type": "object", "properties": {"y": {}}}, {}),
        ({"type": []}, {}),
        (5, {}),
    ],
)
def test_63_made_up_arguments_are_of_the_declared_type(
    schema: object, value: object
) -> None:
    parameters = {"type": "object", "properties": {"x": schema}, "required": ["x"]}
    bench = scripted()
    bench.update(tools=[WEATHER | {"parameters": parameters}], tool_choice="required")
    (call,) = bench.respond()[-2]["response"]["output"]
    assert json.loads(call["arguments"]) == {"x": value}


def test_arguments_given_as_text_are_sent_as_they_are() -> None:
    bench = scripted(Line(calls=(CallTool(name="get_weather", arguments='{"city": '),)))
    bench.update(tools=[WEATHER])
    (call,) = bench.respond()[-2]["response"]["output"]
    assert call["arguments"] == '{"city": '


@pytest.mark.parametrize(
    ("response", "param"),
    [
        ({"metadata": {str(n): "" for n in range(17)}}, "response.metadata"),
        ({"metadata": {"k": "x" * 513}}, "response.metadata.k"),
        ({"reasoning": {"effort": "low"}}, "response.reasoning"),
        ({"conversation": "other"}, "response.conversation"),
        ({"modalities": ["text"]}, "response.modalities"),
        ({"input": [{"type": "message"}]}, "response.input[0].role"),
    ],
)
def test_a_wrong_request_is_refused_by_field(
    response: dict[str, object], param: str
) -> None:
    assert scripted().refused("response.create", response=response)["param"] == param


def test_a_picture_is_seen_and_audio_in_the_input_is_heard() -> None:
    bench = scripted()

    def said(part: Json) -> Any:
        item = {"type": "message", "role": "user", "content": [part]}
        done = bench.respond(input=[item], output_modalities=["text"])[-2]
        return done["response"]["output"][0]["content"][0]["text"]

    url = "data:image/png;base64,iVBORw0KGgo="
    image = {"type": "input_image", "image_url": url}
    audio: Json = {
        "type": "input_audio",
        "audio": base64.b64encode(hum(1500)).decode(),
    }
    assert said(image) == "I see a picture."
    assert said(audio) == "I heard 1.5 seconds of speech."
    assert said(audio | {"transcript": "Hello?"}) == "Hello?"


def test_a_call_of_a_tool_that_is_not_declared_is_said_aloud() -> None:
    bench = scripted(Line(calls=(CALL,)))
    (item,) = bench.respond()[-2]["response"]["output"]
    assert item["content"][0]["transcript"] == "I have no tool called get_weather."


def test_64_models_of_the_2_family_say_which_message_is_the_answer() -> None:
    bench = scripted(Line(say=("Let me see.", "Here it is.")), model="gpt-realtime-2.1")
    output = bench.respond()[-2]["response"]["output"]
    assert [item["phase"] for item in output] == ["commentary", "final_answer"]
    plain = scripted(Line(say="Hi."), model="gpt-realtime-1.5")
    assert "phase" not in plain.respond()[-2]["response"]["output"][0]


def test_65_a_failure_is_told_at_the_end_with_nothing_used() -> None:
    failure = Failure(type="server_error", code="insufficient_quota", message="No.")
    bench = scripted(Line(fails=failure))
    events = bench.respond()
    assert types(events) == ["response.created", "response.done", "rate_limits.updated"]
    done = events[1]["response"]
    assert done["status"] == "failed"
    assert done["status_details"] == {"type": "failed", "error": failure.model_dump()}
    assert done["usage"]["total_tokens"] == 0
    assert done["usage"]["input_token_details"]["cached_tokens_details"] == {
        "text_tokens": 0,
        "audio_tokens": 0,
        "image_tokens": 0,
    }


@pytest.mark.parametrize("format", ["audio/pcm", "audio/pcmu", "audio/pcma"])
def test_66_audio_comes_faster_than_it_plays_in_pieces_of_250_ms(format: str) -> None:
    bench = scripted(Line(say=LONG))
    bench.update(audio={"output": {"format": {"type": format}}})
    bench.send("response.create")
    events = bench.until("response.output_audio.delta")
    first = bench.now
    events += bench.until("response.output_audio.done")
    took = bench.now - first
    pieces = [
        len(base64.b64decode(event["delta"]))
        for event in events
        if event["type"] == "response.output_audio.delta"
    ]
    each = 48 if format == "audio/pcm" else 8  # bytes in a ms
    assert set(pieces[:-1]) == {250 * each}
    seconds = sum(pieces) / each / 1000
    assert seconds > 3
    assert took == pytest.approx((len(pieces) - 1) * 0.05)
    item_id = events[0]["item"]["id"]
    (event,) = bench.send("conversation.item.retrieve", item_id=item_id)
    kept = base64.b64decode(event["item"]["content"][0]["audio"])
    assert len(kept) == sum(pieces)


def test_67_the_transcript_runs_ahead_of_the_audio() -> None:
    bench = scripted(Line(say=LONG))
    events = bench.respond()
    total = sum(e["type"] == "response.output_audio.delta" for e in events)
    audio = text = 0
    for event in events:
        if event["type"] == "response.output_audio.delta":
            audio += 1
            assert text / len(LONG) >= audio / total - 0.05  # words differ in length
        elif event["type"] == "response.output_audio_transcript.delta":
            text += len(event["delta"])
    assert text == len(LONG)


def test_68_the_first_delta_comes_when_the_script_says() -> None:
    def first_delta(line: Line, modality: str, **timing: Any) -> float:
        bench = scripted(line, timing=Timing(**timing))
        bench.send("response.create", response={"output_modalities": [modality]})
        kind = "text" if modality == "text" else "audio"
        bench.until(f"response.output_{kind}.delta")
        return bench.now

    assert first_delta(Line(say="Hi."), "audio") == pytest.approx(0.5)
    assert first_delta(Line(say="Hi."), "text") == pytest.approx(0.21)
    assert first_delta(Line(say="Hi."), "audio", first_audio_ms=80) == pytest.approx(
        0.08
    )
    assert first_delta(Line(say="Hi.", wait_ms=1500), "audio") == pytest.approx(1.5)


@pytest.mark.parametrize("model", ["gpt-4o-mini-transcribe", "whisper-1"])
def test_83_transcripts_come_in_deltas_with_the_models_usage(model: str) -> None:
    bench = scripted(Line(heard="Are you open on Sunday?", say="Yes."))
    bench.update_input(transcription={"model": model, "language": "en"})
    bench.append(silence(200) + hum(2000) + silence(400))
    events = bench.run()
    name = "conversation.item.input_audio_transcription"
    assert joined(events, f"{name}.delta") == "Are you open on Sunday?"
    completed = only(events, f"{name}.completed")
    assert completed["transcript"] == "Are you open on Sunday?"
    deltas = types(events).count(f"{name}.delta")
    if model == "whisper-1":
        assert deltas == 1
        assert completed["usage"] == {"type": "duration", "seconds": 2}
    else:
        assert deltas > 1
        usage = completed["usage"]
        assert usage["input_tokens"] == usage["input_token_details"]["audio_tokens"]
        assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"]


def test_83_a_transcript_may_come_before_or_after_the_response() -> None:
    for wait, before in ((100, True), (20_000, False)):
        bench = scripted(Line(say="Hi."), timing=Timing(transcription_ms=wait))
        bench.update_input(transcription={"model": "whisper-1"})
        bench.append(silence(200) + hum(600) + silence(400))
        names = types(bench.run())
        completed = names.index("conversation.item.input_audio_transcription.completed")
        assert (completed < names.index("response.done")) is before


def test_84_a_failed_transcription_changes_nothing_else() -> None:
    bench = scripted(Line(heard="Hm?", unintelligible=True, say="Yes."))
    bench.update_input(transcription={"model": "whisper-1"})
    bench.append(silence(200) + hum(600) + silence(400))
    events = bench.run()
    name = "conversation.item.input_audio_transcription"
    assert only(events, f"{name}.failed")["error"]["code"] == "audio_unintelligible"
    assert not any(each.startswith(f"{name}.c") for each in types(events))
    assert only(events, "response.done")["response"]["status"] == "completed"


def test_unknown_speech_is_transcribed_as_its_duration() -> None:
    bench = scripted()
    bench.update_input(turn_detection=None, transcription={"model": "whisper-1"})
    bench.append(hum(2300))
    bench.send("input_audio_buffer.commit")
    completed = bench.run()[-1]
    assert completed["transcript"] == "(speech, 2.3 s)"
    said = bench.respond()[-2]["response"]["output"][0]["content"][0]["transcript"]
    assert said == "I heard 2.3 seconds of speech."


def test_what_is_said_has_a_limit_however_much_was_typed() -> None:
    bench = scripted()
    bench.type_in("x" * 500_000)
    done = bench.respond(output_modalities=["text"])[-2]["response"]
    assert len(done["output"][0]["content"][0]["text"]) == 4001


def test_exact_words_are_said_and_use_up_no_line() -> None:
    bench = scripted(Line(say="The first line."))

    def said(**response: Any) -> Any:
        done = bench.respond(**response)[-2]["response"]
        return done["output"][0]["content"][0]["transcript"]

    greeting = 'Trattoria "Ada", good evening.'
    assert said(instructions=f'Say exactly this, no more: "{greeting}"') == greeting
    assert said(instructions="Be very kind.") == "The first line."


def test_a_voice_that_fails_makes_the_response_fail() -> None:
    bench = scripted(Line(say="Hi."))
    bench.machine.receive('{"type": "response.create"}', 0.0)
    (speech,) = bench.machine.requests()
    bench.machine.answered(speech, None, 0.1)
    done = bench.machine.outgoing()[-1]["response"]
    assert done["status"] == "failed"
    assert done["status_details"]["error"]["code"] == "voice_failed"
    bench.run()
    assert bench.respond()[-2]["response"]["status"] == "completed"


def test_a_slow_voice_delays_its_response_and_nothing_else() -> None:
    bench = scripted(Line(say="Hi."))
    bench.machine.receive('{"type": "response.create"}', 0.0)
    (speech,) = bench.machine.requests()
    assert types(bench.run(10)) == ["response.created"]
    bench.machine.answered(speech, hum(500), bench.now)
    events = bench.run()
    assert only(events, "response.done")["response"]["status"] == "completed"


def test_there_is_a_limit_to_responses_at_the_same_time() -> None:
    bench = scripted()
    for _ in range(32):
        bench.send("response.create", response={"conversation": "none"})
    error = bench.refused("response.create", response={"conversation": "none"})
    assert error["code"] == "too_many_responses"

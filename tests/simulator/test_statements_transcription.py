"""§3.9 and §4.2: what transcription sessions do, model by model; 36, 37 and 83."""

from __future__ import annotations

from typing import Any

import pytest

from voxpipe.simulator import Line, Script
from voxpipe.simulator.protocol.transcribers import TRANSCRIBERS

from .bench import Bench, Json, hum, silence, types

NAME = "conversation.item.input_audio_transcription"
DELTA, COMPLETED, SEGMENT = f"{NAME}.delta", f"{NAME}.completed", f"{NAME}.segment"
TALK = Script(
    replies=(
        Line(heard="Are you open on Sunday?"),
        Line(heard="And on Monday?"),
        Line(heard="A: Good evening.\nB: What will it be?\nThe fish is fresh."),
    )
)
STREAMING = [name for name, model in TRANSCRIBERS.items() if model.streams]
PATH = "session.audio.input.transcription"


def session(script: Script = TALK, **input: Any) -> Bench:
    bench = Bench(script, kind="transcription", model="")
    if input:
        bench.send("session.update", session=asked(**input))
        assert types(bench.events)[-1] == "session.updated", bench.events[-1]
    return bench


def asked(**input: Any) -> Json:
    return {"type": "transcription", "audio": {"input": input}}


def writer(model: str, **options: Any) -> Json:
    return {"transcription": {"model": model, **options}}


def of(events: list[Json], type: str) -> list[Json]:
    return [event for event in events if event["type"] == type]


def test_36_turns_are_written_down_one_after_the_other_and_nobody_answers() -> None:
    bench = session(**writer("gpt-4o-mini-transcribe"))
    for _ in range(2):
        bench.append(hum(1000) + silence(600))
        bench.run()
    told = [event["transcript"] for event in of(bench.events, COMPLETED)]
    assert told == ["Are you open on Sunday?", "And on Monday?"]
    assert not [t for t in types(bench.events) if t.startswith(("response", "rate"))]


@pytest.mark.parametrize("model", STREAMING)
def test_36_a_model_that_streams_has_no_turn_detection(model: str) -> None:
    bench = session(**writer(model))
    assert bench.events[-1]["session"]["audio"]["input"]["turn_detection"] is None
    detection = {"type": "server_vad"}
    error = bench.refused("session.update", session=asked(turn_detection=detection))
    assert error["param"] == "session.audio.input.turn_detection"


@pytest.mark.parametrize("model", STREAMING)
def test_83_a_model_that_streams_writes_before_the_commit(model: str) -> None:
    bench = session(**writer(model))
    early = bench.append(hum(3000))
    assert set(types(early)) == {DELTA}
    assert len(early) >= 3
    committed = bench.send("input_audio_buffer.commit")
    ids = {event["item_id"] for event in [*early, committed[0]]}
    assert len(ids) == 1  # known before there is an item
    late = bench.run()
    said = "".join(event["delta"] for event in of(early + late, DELTA))
    assert said == "Are you open on Sunday?"
    assert of(late, COMPLETED)[0]["transcript"] == said


def test_83_a_longer_delay_writes_later() -> None:
    counts = [
        len(session(**writer("gpt-realtime-whisper", delay=d)).append(hum(1500)))
        for d in ("minimal", "medium", "xhigh")
    ]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] > counts[1] > counts[2] == 0


def test_83_a_buffer_that_is_cleared_takes_its_draft_with_it() -> None:
    bench = session(**writer("gpt-realtime-whisper"))
    early = bench.append(hum(2000))
    bench.send("input_audio_buffer.clear")
    bench.append(hum(2000))
    committed = bench.send("input_audio_buffer.commit")
    assert committed[0]["item_id"] != early[0]["item_id"]
    assert of(bench.run(), COMPLETED)[0]["transcript"] == "And on Monday?"


@pytest.mark.parametrize("model", list(TRANSCRIBERS))
def test_83_usage_is_what_the_model_is_paid_by(model: str) -> None:
    bench = session(**writer(model), turn_detection=None)
    bench.append(hum(2000))
    bench.send("input_audio_buffer.commit")
    usage = of(bench.run(), COMPLETED)[0]["usage"]
    by_tokens = model.startswith("gpt-4o")
    assert usage["type"] == ("tokens" if by_tokens else "duration")
    assert usage.get("seconds") == (None if by_tokens else 2)


def test_83_gpt_transcribe_says_which_languages_it_has_heard() -> None:
    for options, code in (({}, "en"), ({"languages": ["it", "de"]}, "it")):
        bench = session(**writer("gpt-transcribe", **options), turn_detection=None)
        bench.append(hum(1000))
        bench.send("input_audio_buffer.commit")
        completed = of(bench.run(), COMPLETED)[0]
        assert completed["languages"] == [{"code": code}]


def test_83_logprobs_come_if_they_are_included() -> None:
    bench = session(**writer("gpt-4o-transcribe"), turn_detection=None)
    include = ["item.input_audio_transcription.logprobs"]
    update = {"type": "transcription", "include": include}
    bench.send("session.update", session=update)
    bench.append(hum(1000))
    bench.send("input_audio_buffer.commit")
    events = bench.run()
    delta, completed = of(events, DELTA)[0], of(events, COMPLETED)[0]
    assert [each["token"] for each in delta["logprobs"]] == [delta["delta"]]
    tokens = "".join(each["token"] for each in completed["logprobs"])
    assert tokens == completed["transcript"]


def test_83_a_model_that_tells_speakers_apart_sends_segments() -> None:
    script = Script(replies=TALK.replies[2:])
    bench = session(script, **writer("gpt-4o-transcribe-diarize"), turn_detection=None)
    bench.append(hum(4000))
    bench.send("input_audio_buffer.commit")
    events = bench.run()
    segments = of(events, SEGMENT)
    assert [(each["speaker"], each["text"]) for each in segments] == [
        ("A", "Good evening."),
        ("B", "What will it be?"),
        ("B", "The fish is fresh."),
    ]
    assert segments[0]["start"] == 0
    assert segments[-1]["end"] == pytest.approx(4.0)
    ends = [each["end"] for each in segments[:-1]]
    assert ends == [each["start"] for each in segments[1:]]
    told = of(events, COMPLETED)[0]["transcript"]
    assert told == "Good evening. What will it be? The fish is fresh."
    assert types(events)[0] == SEGMENT


@pytest.mark.parametrize(
    ("model", "options", "field"),
    [
        ("gpt-transcribe", {"language": "en", "languages": ["en"]}, "languages"),
        ("gpt-realtime-whisper", {"prompt": "x"}, "prompt"),
        ("gpt-4o-transcribe-diarize", {"prompt": "x"}, "prompt"),
        ("gpt-4o-transcribe", {"languages": ["en"]}, "languages"),
        ("whisper-1", {"keywords": ["x"]}, "keywords"),
        ("gpt-live-transcribe", {"delay": "low"}, "delay"),
    ],
)
def test_37_what_a_model_does_not_take_is_refused(
    model: str, options: Json, field: str
) -> None:
    bench = session()
    error = bench.refused("session.update", session=asked(**writer(model, **options)))
    assert error["param"] == f"{PATH}.{field}"
    after = bench.send("session.update", session={"type": "transcription"})
    assert after[0]["session"]["audio"]["input"]["transcription"] is None

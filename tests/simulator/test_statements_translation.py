"""§8, translation: 105, and what §3.10 and §4.3 say about its session."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Iterable
from typing import Any, get_args

import pytest
from openai.types.realtime import RealtimeTranslationServerEvent
from pydantic import BaseModel

from voxpipe.simulator import Failure, Line, Script, Timing, ToneVoice, When
from voxpipe.simulator.service.session.state import SpeechRequest
from voxpipe.simulator.service.translation.machine import TranslationMachine

from .bench import BIRTHDAY, Json, hum, silence, types

TALK = Script(
    replies=(
        Line(heard="Guten Abend.", say="Good evening."),
        Line(heard="Wo ist der Bahnhof?", say="Where is the station?"),
    )
)
AUDIO = "session.output_audio.delta"
HEARD, SAID = "session.input_transcript.delta", "session.output_transcript.delta"
SDK_MODELS: dict[str, type[BaseModel]] = {
    get_args(model.model_fields["type"].annotation)[0]: model
    for model in get_args(get_args(RealtimeTranslationServerEvent)[0])
}


class Bench:
    """A translator with its clock: the SDK's own types judge every event."""

    def __init__(self, script: Script = TALK, *, lifetime: float = 3600.0) -> None:
        self.now = 0.0
        self.voice: ToneVoice | None = ToneVoice()
        self.machine = TranslationMachine(
            "gpt-realtime-translate",
            script,
            now=0.0,
            today=BIRTHDAY,
            seed=1,
            lifetime=lifetime,
        )
        self.events: list[Json] = []
        self.drain()

    def send(self, type: str, **fields: Any) -> list[Json]:
        """Send an event; gives what came of it at once."""
        return self.raw(json.dumps({"type": type, **fields}))

    def raw(self, message: str | bytes) -> list[Json]:
        self.machine.receive(message, self.now)
        return self.drain()

    def refused(self, type: str, **fields: Any) -> Json:
        """Send an event that must be refused; gives the ``error`` object."""
        events = self.send(type, **fields)
        assert types(events) == ["error"]
        error: Json = events[0]["error"]
        return error

    def update(self, **audio: Any) -> Json:
        events = self.send("session.update", session={"audio": audio})
        assert types(events) == ["session.updated"], events
        session: Json = events[0]["session"]
        return session

    def append(self, audio: bytes) -> list[Json]:
        """Send audio at once; gives what comes until nothing more does."""
        data = b64encode(audio).decode()
        return self.send("session.input_audio_buffer.append", audio=data) + self.run()

    def run(self, seconds: float = 30.0) -> list[Json]:
        """Let the clock run; gives all that happens."""
        end = self.now + seconds
        events: list[Json] = []
        while (due := self.machine.next_timer) <= end:
            self.now = max(self.now, due)
            self.machine.advance(self.now)
            events += self.drain()
        self.now = end
        return events

    def drain(self) -> list[Json]:
        for speech in self.machine.requests():
            assert isinstance(speech, SpeechRequest)
            pcm = None
            if self.voice is not None:
                pcm = self.voice.speak(speech.text, speech.voice, speech.speed)
            self.machine.answered(speech, pcm, self.now)
        events = self.machine.outgoing()
        for event in events:
            model = SDK_MODELS[event["type"]]
            model.model_validate_json(json.dumps(event), strict=True)
        self.events += events
        return events


def joined(events: Iterable[Json], type: str) -> str:
    return "".join(event["delta"] for event in events if event["type"] == type)


def sound(events: Iterable[Json]) -> bytes:
    return b"".join(b64decode(e["delta"]) for e in events if e["type"] == AUDIO)


def test_105_the_first_event_is_the_session_as_it_is() -> None:
    bench = Bench()
    assert types(bench.events) == ["session.created"]
    session = bench.events[0]["session"]
    assert session["id"].startswith("sess_")
    assert session["expires_at"] == BIRTHDAY + 3600
    assert {name: session[name] for name in ("type", "model", "audio")} == {
        "type": "translation",
        "model": "gpt-realtime-translate",
        "audio": {
            "input": {"transcription": None, "noise_reduction": None},
            "output": {"language": "en"},
        },
    }


@pytest.mark.parametrize(
    "type",
    ["response.create", "input_audio_buffer.append", "conversation.item.create", "no"],
)
def test_105_only_three_client_events_are_accepted(type: str) -> None:
    bench = Bench()
    error = bench.refused(type, event_id="mine")
    assert error["code"] == "invalid_value"
    assert (error["param"], error["event_id"]) == ("type", "mine")
    for each in ("update", "input_audio_buffer.append", "close"):
        assert f"'session.{each}'" in error["message"]


def test_105_an_update_changes_what_it_names_and_nothing_else() -> None:
    bench = Bench()
    bench.update(input={"noise_reduction": {"type": "near_field", "strength": 0.5}})
    bench.update(input={"noise_reduction": {"type": "far_field"}})
    audio = bench.update(
        output={"language": "es"},
        input={"transcription": {"model": "gpt-realtime-whisper"}},
    )["audio"]
    assert audio == {
        "input": {
            "transcription": {"model": "gpt-realtime-whisper"},
            "noise_reduction": {"type": "far_field", "strength": 0.5},
        },
        "output": {"language": "es"},
    }
    audio = bench.update(input={"transcription": None, "noise_reduction": None})
    assert audio["audio"]["input"] == {"transcription": None, "noise_reduction": None}


@pytest.mark.parametrize(
    ("session", "code", "param"),
    [
        ({"model": "another"}, "invalid_value", "session.model"),
        ({"type": "realtime"}, "invalid_value", "session.type"),
        ({"instructions": "x"}, "unknown_parameter", "session.instructions"),
        (
            {"audio": {"output": {"voice": "marin"}}},
            "unknown_parameter",
            "session.audio.output.voice",
        ),
        (
            {"audio": {"output": {"language": "es"}, "input": {"format": {}}}},
            "unknown_parameter",
            "session.audio.input.format",
        ),
        (
            {"audio": {"input": {"transcription": {}}}},
            "missing_required_parameter",
            "session.audio.input.transcription.model",
        ),
    ],
)
def test_105_what_cannot_be_updated_is_refused_as_a_whole(
    session: Json, code: str, param: str
) -> None:
    bench = Bench()
    error = bench.refused("session.update", session=session)
    assert (error["code"], error["param"]) == (code, param)
    assert bench.update()["audio"]["output"] == {"language": "en"}


def test_105_what_is_said_comes_out_translated_while_audio_goes_on() -> None:
    bench = Bench()
    events = bench.append(hum(1000) + silence(4000))
    assert joined(events, SAID) == "Good evening."
    assert sound(events) == ToneVoice().speak("Good evening.", "interpreter", 1.0)
    events = bench.append(hum(1000) + silence(5000))
    assert joined(events, SAID) == " Where is the station?"  # to be appended as it is
    assert "session.closed" not in types(bench.events)
    assert set(types(events)) == {AUDIO, SAID}  # no items, no responses, no usage


def test_105_words_lead_their_sound_and_both_advance_by_200_ms() -> None:
    events = Bench().append(hum(1000) + silence(4000))
    assert types(events)[0] == SAID
    elapsed = [event["elapsed_ms"] for event in events]
    assert elapsed == sorted(elapsed)
    assert all(each % 200 == 0 for each in elapsed)
    audio = next(event for event in events if event["type"] == AUDIO)
    told = (audio["sample_rate"], audio["channels"], audio["format"])
    assert told == (24_000, 1, "pcm16")


def test_105_time_is_audio_however_fast_it_comes() -> None:
    slow, fast = Bench(), Bench()
    audio = hum(700) + silence(5000)
    fast.append(audio)
    for start in range(0, len(audio), 9_600):  # 200 ms
        data = b64encode(audio[start : start + 9_600]).decode()
        slow.send("session.input_audio_buffer.append", audio=data)
        slow.run(0.2)
    assert [e["elapsed_ms"] for e in slow.events[1:]] == [
        e["elapsed_ms"] for e in fast.events[1:]
    ]


def test_105_without_audio_nothing_comes_out() -> None:
    bench = Bench()
    assert bench.append(hum(1000)) == []  # they may be in the middle of a phrase
    assert bench.run(600) == []
    assert joined(bench.append(silence(4000)), SAID) == "Good evening."


def test_105_source_words_come_only_if_they_are_asked_for() -> None:
    assert HEARD not in types(Bench().append(hum(1000) + silence(4000)))
    bench = Bench()
    bench.update(input={"transcription": {"model": "gpt-realtime-whisper"}})
    events = bench.append(hum(1000) + silence(4000) + hum(1000) + silence(4000))
    assert joined(events, HEARD) == "Guten Abend. Wo ist der Bahnhof?"
    assert joined(events, SAID) == "Good evening. Where is the station?"


def test_105_closed_follows_a_drained_output_and_then_the_close() -> None:
    bench = Bench()
    assert bench.append(hum(1000)) == []
    assert bench.send("session.close") == []
    events = bench.run()
    assert joined(events, SAID) == "Good evening."
    assert sound(events) == ToneVoice().speak("Good evening.", "interpreter", 1.0)
    assert types(events)[-1] == "session.closed"
    assert bench.machine.close_frame == (1000, "")
    assert bench.send("session.close") == []


def test_105_a_session_in_which_nothing_was_said_closes_at_once() -> None:
    bench = Bench()
    bench.send("session.close")
    assert types(bench.run()) == ["session.closed"]


def test_105_nothing_is_appended_to_a_session_that_closes() -> None:
    bench = Bench()
    bench.append(hum(1000))
    bench.send("session.close")
    audio = b64encode(silence(200)).decode()
    error = bench.refused("session.input_audio_buffer.append", audio=audio)
    assert error["code"] == "session_closing"
    assert types(bench.run())[-1] == "session.closed"


@pytest.mark.parametrize("audio", ["no base64!", "AAA", 7, b64encode(b"odd").decode()])
def test_105_what_is_no_pcm_is_refused(audio: object) -> None:
    error = Bench().refused("session.input_audio_buffer.append", audio=audio)
    assert error["param"] == "audio"


@pytest.mark.parametrize(
    ("frame", "code"), [(b"\x00", "invalid_event"), ("{", "invalid_json")]
)
def test_105_what_is_no_event_is_refused(frame: str | bytes, code: str) -> None:
    (error,) = Bench().raw(frame)
    assert error["error"]["code"] == code


def test_105_no_more_than_ten_minutes_wait() -> None:
    bench = Bench()
    minute = b64encode(silence(60_000)).decode()
    answers = [
        bench.send("session.input_audio_buffer.append", audio=minute) for _ in range(11)
    ]
    assert answers[:10] == [[]] * 10
    assert answers[10][0]["error"]["code"] == "input_audio_buffer_full"


def test_105_rules_answer_by_what_is_heard_and_without_a_script_it_echoes() -> None:
    rules = Script(
        replies=(Line(heard="Und der Preis?"),),
        when=(When(text="preis", say="And the price?"),),
    )
    audio = hum(1000) + silence(5000)
    assert joined(Bench(rules).append(audio), SAID) == "And the price?"
    assert "1.0 seconds of speech" in joined(Bench(Script()).append(audio), SAID)


def test_105_what_cannot_be_understood_or_spoken_does_not_end_the_session() -> None:
    script = Script(
        replies=(
            Line(unintelligible=True),
            Line(fails=Failure(code="server_error")),
            Line(say="Never heard."),
            Line(say="Here I am."),
        )
    )
    bench = Bench(script)
    phrase = hum(1000) + silence(3000)
    assert bench.append(phrase) == []
    (failed,) = bench.append(phrase)
    assert failed["error"]["type"] == "server_error"
    bench.voice = None
    (failed,) = bench.append(phrase)
    assert failed["error"]["code"] == "voice_failed"
    bench.voice = ToneVoice()
    assert joined(bench.append(phrase), SAID) == " Here I am."


def test_105_a_translation_that_falls_behind_comes_out_faster() -> None:
    script = Script(replies=(Line(say="On and on and on. " * 60),))
    bench = Bench(script)
    bench.append(hum(1000) + silence(4000))
    sizes = [len(b64decode(e["delta"])) for e in bench.events if e["type"] == AUDIO]
    assert sizes[0] > 9_600  # bytes in 200 ms


def test_15_a_translation_session_ends_after_an_hour() -> None:
    bench = Bench(TALK, lifetime=60)
    (error,) = bench.run(61)
    assert error["error"]["code"] == "session_expired"
    assert bench.machine.close_frame is not None
    assert bench.machine.close_frame.code == 1001


def test_105_it_is_as_late_as_its_script_says() -> None:
    begins: list[int] = []
    for wait in (0, 2_000):
        script = TALK.model_copy(update={"timing": Timing(first_audio_ms=wait)})
        events = Bench(script).append(hum(1000) + silence(6000))
        begins.append(events[0]["elapsed_ms"])
    assert begins[1] - begins[0] in (1_800, 2_000)  # a whole number of frames

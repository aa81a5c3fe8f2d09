"""Statements 85 and 90: the session of a call, its clock turned by hand."""

from __future__ import annotations

import json
from base64 import b64decode
from math import inf
from typing import Any

import pytest

from voxpipe.simulator import Line, Script, Timing, ToneVoice
from voxpipe.simulator.calls.output_audio_buffer import PlayedAudio
from voxpipe.simulator.calls.session import CallSession
from voxpipe.simulator.service.machine import Machine
from voxpipe.simulator.service.session.state import SpeechRequest

from .bench import BIRTHDAY, Json, hum, judge, silence, types

LONG = "This is a rather long answer, so that there is time to interrupt it. " * 3
TIMING = Timing(first_audio_ms=100, rate_limits_ms=0)


class Line20ms:
    """A call with its clock: the caller's audio arrives as fast as it is spoken."""

    def __init__(self, *says: str, **session: Any) -> None:
        self.now = 0.0
        self.events: list[Json] = []
        self.played: list[PlayedAudio] = []
        self.voice = ToneVoice()
        script = Script(replies=[Line(say=each) for each in says], timing=TIMING)
        machine = Machine(
            "realtime",
            "gpt-realtime-2.1",
            script,
            now=0.0,
            today=BIRTHDAY,
            seed=1,
            session={"type": "realtime", **session} if session else None,
        )
        self.call = CallSession(machine, seed=1)

    def send(self, type: str, **fields: Any) -> list[Json]:
        """As a sideband client; gives what is for this client alone."""
        errors = self.call.receive(json.dumps({"type": type, **fields}), self.now)
        self._drain()
        return errors

    def say(self, audio: bytes) -> list[Json]:
        """As the caller; gives what came of it meanwhile."""
        first = len(self.events)
        for start in range(0, len(audio), 960):  # 20 ms
            self.call.hear(audio[start : start + 960], self.now)
            self._drain()
            self._run(self.now + 0.02)
        return self.events[first:]

    def wait(self, seconds: float) -> list[Json]:
        first = len(self.events)
        self._run(self.now + seconds)
        return self.events[first:]

    def until(self, type: str) -> list[Json]:
        first = len(self.events)
        while type not in types(self.events[first:]):
            due = self.call.next_timer
            assert due < inf, types(self.events[first:])
            self._run(due)
        return self.events[first:]

    def _run(self, end: float) -> None:
        while (due := self.call.next_timer) <= end:
            self.now = max(self.now, due)
            self.call.advance(self.now)
            self._drain()
        self.now = max(self.now, end)

    def _drain(self) -> None:
        while True:
            for speech in self.call.requests():
                assert isinstance(speech, SpeechRequest)
                pcm = self.voice.speak(speech.text, speech.voice, speech.speed)
                self.call.answered(speech, pcm, self.now)
            events = self.call.outgoing()
            self.played += self.call.played()
            if not events:
                return
            for event in events:
                judge(event)
            self.events += events


def one(events: list[Json], type: str) -> Json:
    [found] = [event for event in events if event["type"] == type]
    return found


def test_85_a_key_is_told_without_an_event_id() -> None:
    line = Line20ms()
    line.call.press("#", BIRTHDAY)
    line.send("input_audio_buffer.clear")
    assert line.events[0] == {
        "type": "input_audio_buffer.dtmf_event_received",
        "event": "#",
        "received_at": BIRTHDAY,
    }


def test_90_audio_is_played_and_not_sent() -> None:
    line = Line20ms("Good evening.")
    line.send("response.create")
    events = line.until("output_audio_buffer.stopped")
    told = types(line.events)
    assert "response.output_audio.delta" not in told
    assert "response.output_audio.done" in told
    response_id = one(line.events, "response.created")["response"]["id"]
    for what in ("started", "stopped"):
        event = one(line.events, f"output_audio_buffer.{what}")
        assert event["response_id"] == response_id
        assert len(event["event_id"]) == len("event_") + 16
    started = told.index("output_audio_buffer.started")
    assert told.index("response.content_part.added") < started
    assert told.index("response.done") < told.index("output_audio_buffer.stopped")
    assert events[-1]["type"] == "output_audio_buffer.stopped"


def test_90_playing_takes_as_long_as_the_audio_does() -> None:
    line = Line20ms("Good evening, and welcome.")
    line.send("response.create")
    line.until("output_audio_buffer.started")
    began = line.now
    line.until("output_audio_buffer.stopped")
    [heard] = line.played
    length = len(heard.data) / 48_000
    assert length > 0.5
    assert line.now - began == pytest.approx(length, abs=0.001)
    assert not heard.cut


def test_90_speech_during_playback_truncates_to_what_was_played() -> None:
    line = Line20ms(LONG, "Yes?")
    line.send("response.create")
    line.until("output_audio_buffer.started")
    began = line.now
    line.until("response.done")  # made long before it is played
    item = one(line.events, "response.done")["response"]["output"][0]
    line.say(silence(1000))
    events = line.say(hum(400) + silence(600))
    told = types(events)
    at = told.index("input_audio_buffer.speech_started")
    assert told[at : at + 3] == [
        "input_audio_buffer.speech_started",
        "output_audio_buffer.cleared",
        "conversation.item.truncated",
    ]
    assert "input_audio_buffer.speech_stopped" in told[at + 3 :]
    truncated = events[at + 2]
    assert (truncated["item_id"], truncated["content_index"]) == (item["id"], 0)
    [heard] = line.played[:1]
    assert heard.cut
    assert truncated["audio_end_ms"] == len(heard.data) // 48
    assert 1000 <= truncated["audio_end_ms"] <= (line.now - began) * 1000
    line.send("conversation.item.retrieve", item_id=item["id"])
    part = one(line.events, "conversation.item.retrieved")["item"]["content"][0]
    assert len(b64decode(part["audio"])) == len(heard.data)
    assert part["transcript"] is None


def test_90_speech_during_generation_cancels_and_truncates() -> None:
    line = Line20ms(LONG, "Yes?")
    line.send("response.create")
    line.until("output_audio_buffer.started")
    events = line.say(hum(200))
    told = types(events)
    done = one(events, "response.done")["response"]
    assert done["status"] == "cancelled"
    assert done["status_details"]["reason"] == "turn_detected"
    cleared = told.index("output_audio_buffer.cleared")
    assert told.index("response.done") < cleared
    assert told[cleared + 1] == "conversation.item.truncated"
    assert "error" not in told


def test_90_without_interruption_what_plays_goes_on() -> None:
    detection = {"type": "server_vad", "interrupt_response": False}
    line = Line20ms(LONG, audio={"input": {"turn_detection": detection}})
    line.send("response.create")
    line.until("output_audio_buffer.started")
    told = types(line.say(hum(400)))
    assert "input_audio_buffer.speech_started" in told
    assert "output_audio_buffer.cleared" not in told


def test_90_a_client_clears_what_is_playing() -> None:
    line = Line20ms(LONG)
    line.send("response.create")
    line.until("output_audio_buffer.started")
    line.wait(0.5)
    line.send("response.cancel")
    assert line.send("output_audio_buffer.clear") == []
    assert types(line.events)[-2:] == [
        "output_audio_buffer.cleared",
        "conversation.item.truncated",
    ]
    assert line.events[-1]["audio_end_ms"] == 500
    before = len(line.events)
    line.send("output_audio_buffer.clear")  # nothing plays: nothing happens
    assert len(line.events) == before


def test_90_replies_are_played_one_after_the_other() -> None:
    line = Line20ms("One.", "Two.")
    line.send("response.create")
    line.until("response.done")
    line.send("response.create")
    line.until("output_audio_buffer.stopped")
    line.until("output_audio_buffer.stopped")
    buffer = [e for e in line.events if e["type"].startswith("output_audio_buffer")]
    assert [each["type"].rpartition(".")[2] for each in buffer] == [
        "started",
        "stopped",
    ] * 2
    assert len({each["response_id"] for each in buffer}) == 2
    assert len(line.played) == 2


def test_a_refusal_is_for_the_client_that_asked() -> None:
    line = Line20ms()
    [error] = line.send("response.cancel", event_id="mine")
    assert error["error"]["code"] == "response_cancel_not_active"
    assert error["error"]["event_id"] == "mine"
    assert line.events == []


def test_whoever_joins_is_told_the_session_as_it_is() -> None:
    line = Line20ms(instructions="Be brief.")
    greeting = line.call.greeting()
    judge(greeting)
    assert greeting["session"]["instructions"] == "Be brief."
    line.send("session.update", session={"type": "realtime", "instructions": "Sing."})
    assert line.call.greeting()["session"]["instructions"] == "Sing."


def test_a_call_in_g711_is_heard_in_g711() -> None:
    g711 = {"format": {"type": "audio/pcmu"}}
    line = Line20ms("Good evening.", audio={"input": g711, "output": g711})
    assert line.call.takes.type == "audio/pcmu"
    line.send("response.create")
    line.until("output_audio_buffer.stopped")
    assert line.played[0].format.type == "audio/pcmu"

"""The stand-in model speaks the service's protocol, in its time."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable
from heapq import heappop, heappush
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types.realtime import RealtimeServerEvent

from benchmarks.calls.delays import Delays
from benchmarks.calls.session import SILENCE, SPEED, THINKING, Session
from benchmarks.calls.speech import DELTA, FRAME, agent_deltas, caller_frames

Json = dict[str, Any]

SILENT = b"\xff" * FRAME
LOUD = caller_frames()[0]
MODELS = {
    get_args(model.model_fields["type"].annotation)[0]: model
    for model in get_args(get_args(RealtimeServerEvent)[0])
}


class Clock:
    """Timers that are turned by hand."""

    def __init__(self) -> None:
        self.now = 0.0
        self._due: list[tuple[float, int, Timer]] = []

    def time(self) -> float:
        return self.now

    def call_at(self, when: float, callback: Callable[[], None], /) -> Timer:
        timer = Timer(callback)
        heappush(self._due, (when, len(self._due), timer))
        return timer

    def turn(self, seconds: float) -> None:
        until = self.now + seconds
        while self._due and self._due[0][0] <= until:
            self.now, _, timer = heappop(self._due)
            if not timer.cancelled:
                timer.callback()
        self.now = until


class Timer:
    def __init__(self, callback: Callable[[], None]) -> None:
        self.callback = callback
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True


class Client:
    """The other end of a session; the SDK judges what it gets."""

    def __init__(self, *, wire: str = "audio/pcmu", local: bool = False) -> None:
        self.clock = Clock()
        self.events: list[tuple[float, Json]] = []
        self.session = Session(self._take, self.clock, Delays())
        sound = {"type": wire}
        heard: Json = {"format": sound}
        if local:
            heard["turn_detection"] = None
        audio = {"input": heard, "output": {"format": sound}}
        self.send("session.update", session={"type": "realtime", "audio": audio})

    def _take(self, message: bytes) -> None:
        event: Json = json.loads(message)
        MODELS[event["type"]].model_validate_json(message, strict=True)
        self.events.append((self.clock.now, event))

    def send(self, kind: str, **fields: object) -> None:
        self.session.receive(json.dumps({"type": kind, **fields}).encode())

    def append(self, audio: bytes) -> None:
        self.send("input_audio_buffer.append", audio=b64encode(audio).decode())

    def speak(self, frames: Iterable[bytes]) -> None:
        for frame in frames:
            self.append(frame)
            self.clock.turn(0.02)

    def of(self, kind: str) -> list[Json]:
        return [event for _, event in self.events if event["type"] == kind]

    def when(self, kind: str) -> float:
        return next(at for at, event in self.events if event["type"] == kind)

    @property
    def types(self) -> list[str]:
        return [event["type"] for _, event in self.events]


def test_a_turn_is_answered_as_the_service_answers_it() -> None:
    client = Client()
    client.speak([LOUD, *[SILENT] * 30])
    client.clock.turn(10)
    assert [kind for kind in client.types if "delta" not in kind] == [
        "session.created",
        "session.updated",
        "input_audio_buffer.speech_started",
        "input_audio_buffer.speech_stopped",
        "input_audio_buffer.committed",
        "conversation.item.added",
        "conversation.item.done",
        "response.created",
        "response.output_item.added",
        "conversation.item.added",
        "response.content_part.added",
        "response.output_audio.done",
        "response.output_audio_transcript.done",
        "response.content_part.done",
        "conversation.item.done",
        "response.output_item.done",
        "response.done",
    ]
    deltas = client.of("response.output_audio.delta")
    said = b"".join(b64decode(delta["delta"]) for delta in deltas)
    assert said == b"".join(agent_deltas("ulaw"))
    assert client.of("response.done")[0]["response"]["status"] == "completed"
    assert len({event["event_id"] for _, event in client.events}) == len(client.events)


def test_it_thinks_first_and_then_speaks_faster_than_one_can_listen() -> None:
    client = Client()
    client.speak([LOUD, *[SILENT] * 30])
    client.clock.turn(10)
    stopped = client.when("input_audio_buffer.speech_stopped")
    at = [t for t, e in client.events if e["type"] == "response.output_audio.delta"]
    assert at[0] == pytest.approx(stopped + THINKING)
    assert at[2] - at[1] == pytest.approx(DELTA / SPEED)


@given(st.lists(st.integers(1, 4_000), min_size=1, max_size=20))
def test_silence_is_counted_in_samples_however_they_come(sizes: list[int]) -> None:
    client = Client(wire="audio/pcm")
    client.append((9_000).to_bytes(2, "little") + bytes(200))  # the last 100 are quiet
    quiet = 100
    for size in sizes:
        client.append(bytes(2 * size))
        quiet += size
        stopped = "input_audio_buffer.speech_stopped" in client.types
        assert stopped is (quiet >= SILENCE * 24_000)


def test_speech_cancels_a_reply_that_is_still_being_made() -> None:
    client = Client()
    client.speak([LOUD, *[SILENT] * 45])
    assert client.of("response.output_audio.delta")
    client.speak([LOUD])
    before = len(client.of("response.output_audio.delta"))
    (done,) = client.of("response.done")
    assert done["response"]["status"] == "cancelled"
    assert done["response"]["status_details"]["reason"] == "turn_detected"
    client.speak([LOUD] * 50)
    assert len(client.of("response.output_audio.delta")) == before


def test_with_local_turns_nothing_happens_until_the_client_says_so() -> None:
    client = Client(local=True)
    client.speak([LOUD, *[SILENT] * 60])
    assert client.types == ["session.created", "session.updated"]
    client.send("input_audio_buffer.commit")
    client.send("response.create", response={"metadata": {"name": "mine"}})
    (created,) = client.of("response.created")
    assert created["response"]["metadata"] == {"name": "mine"}
    client.clock.turn(0.5)
    client.send("response.create")
    client.send("response.cancel")
    client.send("response.cancel")
    client.send("input_audio_buffer.clear")
    item = client.of("response.output_item.added")[0]["item"]["id"]
    place = {"item_id": item, "content_index": 0}
    client.send("conversation.item.truncate", **place, audio_end_ms=120)
    client.send("conversation.item.delete", item_id=item)
    assert client.of("response.output_audio.delta")
    assert [e["error"]["code"] for e in client.of("error")] == [
        "conversation_already_has_active_response",
        "response_cancel_not_active",
    ]
    assert client.types[-3:] == [
        "input_audio_buffer.cleared",
        "conversation.item.truncated",
        "conversation.item.deleted",
    ]

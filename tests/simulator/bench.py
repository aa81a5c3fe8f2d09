"""A session on the bench: the machine, a clock turned by hand, the SDK as judge."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterable
from typing import Any, get_args

import numpy as np
from openai.types.realtime import RealtimeServerEvent
from pydantic import BaseModel

from voxpipe.simulator import Script, ToneVoice
from voxpipe.simulator.protocol.session_config import Kind
from voxpipe.simulator.service.machine import Machine
from voxpipe.simulator.service.session.state import SpeechRequest

Json = dict[str, Any]
RATE = 24_000
BIRTHDAY = 1_790_000_000  # seconds since 1970


def _sdk_models() -> dict[str, type[BaseModel]]:
    union = get_args(RealtimeServerEvent)[0]
    return {
        get_args(model.model_fields["type"].annotation)[0]: model
        for model in get_args(union)
    }


SDK_MODELS = _sdk_models()


def judge(event: Json) -> None:
    """Have the official SDK's own type for this event check every field it knows."""
    model = SDK_MODELS[event["type"]]
    # The SDK's types (3.57) do not know the effort `none`, which models of 2.x take.
    known = json.dumps(event).replace('"effort": "none"', '"effort": "minimal"')
    model.model_validate_json(known, strict=True)


def types(events: Iterable[Json]) -> list[str]:
    return [event["type"] for event in events]


def hum(ms: int, level: float = 0.3) -> bytes:
    """Something that a VAD takes for speech: 16-bit at 24 kHz."""
    time = np.arange(ms * RATE // 1000) / RATE
    wave = np.sin(2 * np.pi * 180 * time) + 0.5 * np.sin(2 * np.pi * 360 * time)
    return (wave * level * 20_000).astype("<i2").tobytes()


def silence(ms: int) -> bytes:
    return bytes(ms * RATE // 1000 * 2)


class Bench:
    """A machine with its clock: every event it makes is judged and kept."""

    def __init__(
        self,
        script: Script | None = None,
        *,
        kind: Kind = "realtime",
        model: str = "gpt-realtime-2.1",
        lifetime: float = 3600.0,
    ) -> None:
        self.now = 0.0
        self.events: list[Json] = []
        self.voice = ToneVoice()
        self.machine = Machine(
            kind,
            model,
            script or Script(),
            now=0.0,
            today=BIRTHDAY,
            seed=1,
            lifetime=lifetime,
        )
        self.session: Json = self._drain()[0]["session"]

    def raw(self, message: str | bytes) -> list[Json]:
        """Send a frame as it is; gives what came of it at once."""
        self.machine.receive(message, self.now)
        return self._drain()

    def send(self, type: str, **fields: Any) -> list[Json]:
        """Send an event; gives what came of it at once."""
        return self.raw(json.dumps({"type": type, **fields}))

    def refused(self, type: str, **fields: Any) -> Json:
        """Send an event that must be refused; gives the ``error`` object."""
        events = self.send(type, **fields)
        assert types(events) == ["error"]
        error: Json = events[0]["error"]
        return error

    def update(self, **session: Any) -> Json:
        """Update the session; gives the effective one."""
        events = self.send("session.update", session={"type": "realtime"} | session)
        assert types(events) == ["session.updated"], events
        updated: Json = events[0]["session"]
        return updated

    def update_input(self, **fields: Any) -> Json:
        return self.update(audio={"input": fields})

    def append(self, audio: bytes, chunk_ms: int = 20) -> list[Json]:
        """Write 16-bit audio to the input buffer in chunks; the clock stands still."""
        size = chunk_ms * RATE // 1000 * 2
        events: list[Json] = []
        for start in range(0, len(audio), size):
            chunk = b64encode(audio[start : start + size]).decode()
            events += self.send("input_audio_buffer.append", audio=chunk)
        return events

    def type_in(self, text: str) -> list[Json]:
        """Add a user message."""
        content = [{"type": "input_text", "text": text}]
        item = {"type": "message", "role": "user", "content": content}
        return self.send("conversation.item.create", item=item)

    def run(self, seconds: float = 60.0) -> list[Json]:
        """Let the clock run; gives all that happens."""
        end = self.now + seconds
        events: list[Json] = []
        while (due := self.machine.next_timer) <= end:
            self.now = max(self.now, due)
            self.machine.advance(self.now)
            events += self._drain()
        self.now = end
        return events

    def until(self, type: str) -> list[Json]:
        """Let the clock run until this event comes; gives all up to then."""
        events: list[Json] = []
        while type not in types(events):
            due = self.machine.next_timer
            assert due < self.now + 60, f"no {type}, only {types(events)}"
            self.now = max(self.now, due)
            self.machine.advance(self.now)
            events += self._drain()
        return events

    def respond(self, **response: Any) -> list[Json]:
        """Ask for a response and wait for its end and the rate limits after it."""
        asked = self.send("response.create", response=response)
        assert types(asked) == ["response.created"], asked
        return asked + self.until("rate_limits.updated")

    def _drain(self) -> list[Json]:
        for request in self.machine.requests():
            if isinstance(request, SpeechRequest):
                pcm = self.voice.speak(request.text, request.voice, request.speed)
                self.machine.answered(request, pcm, self.now)
        events = self.machine.outgoing()
        for event in events:
            judge(event)
        self.events += events
        return events

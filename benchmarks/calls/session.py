"""One conversation with the stand-in model: what it hears, and what it answers."""

from __future__ import annotations

import json
from binascii import a2b_base64
from collections.abc import Callable
from functools import cache
from itertools import count
from typing import Any, Protocol

from .delays import Delays
from .events import (
    Answer,
    Delta,
    Event,
    delta_texts,
    encode,
    session_object,
    user_item,
)
from .speech import Wire, agent_deltas, quiet_tail

SILENCE = 0.5  # seconds that end a turn
THINKING = 0.2  # seconds from there to the reply
SPEED = 5.0  # times as fast as it plays

_APPEND = b"input_audio_buffer.append"
_SAMPLES = {"ulaw": 8_000, "pcm": 24_000}  # a second
_numbers = count(1)


class Timer(Protocol):
    """Something that will happen."""

    def cancel(self) -> object:
        """Not any more."""
        ...


class Timers(Protocol):
    """As much of an event loop as a session needs."""

    def time(self) -> float:
        """Seconds, of a clock of its own."""
        ...

    def call_at(self, when: float, callback: Callable[[], None], /) -> Timer:
        """Have something happen then."""
        ...


class Session:
    """What happens between a client and the model, without the socket.

    Args:
        send: takes one event, encoded.
        timers: drive the replies.
        delays: told how late they were.
    """

    def __init__(
        self, send: Callable[[bytes], None], timers: Timers, delays: Delays
    ) -> None:
        self._send = send
        self._timers = timers
        self._delays = delays
        self._name = f"{next(_numbers):06d}"
        self._wire: Wire = "pcm"
        self._server_vad = True
        self._config: dict[str, Any] = {}
        self._turns = 0
        self._last_item: str | None = None
        self._answer: Answer | None = None
        self._timer: Timer | None = None
        self._heard = self._quiet = 0  # samples: in all, and since the last loud one
        self._speaking = False
        self._emit("session.created", session=session_object(self._name, {}))

    def end(self) -> None:
        """The client has gone."""
        self._stop()

    def receive(self, message: bytes) -> None:
        """Take one event of the client's."""
        if _APPEND in message[:200]:
            at = message.index(b'"', message.index(b'"audio"') + 7) + 1
            self._hear(a2b_base64(message[at : message.index(b'"', at)]))
            return
        event: Event = json.loads(message)
        kind = event["type"]
        if kind == "session.update":
            self._configure(event["session"])
        elif kind == "response.create":
            self._reply(event.get("response") or {})
        elif kind == "response.cancel":
            self._interrupt("client_cancelled")
        elif kind == "input_audio_buffer.commit":
            self._commit()
        elif kind == "input_audio_buffer.clear":
            self._emit("input_audio_buffer.cleared")
        else:
            self._edit(kind, event)

    # --- hearing

    def _hear(self, audio: bytes) -> None:
        samples = len(audio) if self._wire == "ulaw" else len(audio) // 2
        self._heard += samples
        tail = quiet_tail(audio, self._wire)
        self._quiet = tail if tail < samples else self._quiet + samples
        if not self._server_vad:
            return
        if tail < samples and not self._speaking:
            self._speaking = True
            self._emit(
                "input_audio_buffer.speech_started",
                audio_start_ms=self._heard_ms,
                item_id=self._next_item,
            )
            self._interrupt("turn_detected")
        elif self._speaking and self._quiet >= SILENCE * _SAMPLES[self._wire]:
            self._speaking = False
            self._emit(
                "input_audio_buffer.speech_stopped",
                audio_end_ms=self._heard_ms,
                item_id=self._next_item,
            )
            self._commit()
            self._reply({})

    @property
    def _heard_ms(self) -> int:
        return self._heard * 1000 // _SAMPLES[self._wire]

    @property
    def _next_item(self) -> str:
        return f"item_user_{self._name}_{self._turns}"

    def _commit(self) -> None:
        previous, item = self._last_item, user_item(self._next_item)
        self._turns += 1
        self._last_item = item["id"]
        self._emit(
            "input_audio_buffer.committed",
            previous_item_id=previous,
            item_id=item["id"],
        )
        for kind in ("added", "done"):
            self._emit(
                f"conversation.item.{kind}", previous_item_id=previous, item=item
            )

    # --- answering

    def _reply(self, wish: Event) -> None:
        if self._answer is not None:  # the service refuses a second one, too
            self._emit("error", error=_BUSY)
            return
        number = f"{self._name}_{self._turns}_{next(_numbers):06d}"
        self._answer = Answer(
            number,
            self._wire,
            _deltas(self._wire),
            previous=self._last_item,
            metadata=wish.get("metadata"),
        )
        for message in self._answer.created():
            self._send(message)
        self._after(THINKING, self._begin)

    def _begin(self) -> None:
        answer = self._answer
        assert answer is not None
        for message in answer.opening():
            self._send(message)
        self._last_item = answer.item_id
        self._say()

    def _say(self) -> None:
        answer = self._answer
        assert answer is not None
        seconds = 0.0
        for message, length in answer.next_delta():
            self._send(message)
            seconds += length
        if seconds:
            self._after(seconds / SPEED, self._say)
        else:
            self._close("completed", None)

    def _interrupt(self, reason: str) -> None:
        if self._answer is not None:
            self._close("cancelled", reason)
        elif reason == "client_cancelled":
            self._emit("error", error=_NOTHING_TO_CANCEL)

    def _close(self, status: str, reason: str | None) -> None:
        answer = self._answer
        assert answer is not None
        self._stop()
        for message in answer.closing(status, reason):
            self._send(message)

    def _stop(self) -> None:
        self._answer = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _after(self, seconds: float, action: Callable[[], None]) -> None:
        due = self._timers.time() + seconds

        def act() -> None:
            self._delays.add(self._timers.time() - due)
            action()

        self._timer = self._timers.call_at(due, act)

    # --- the rest

    def _configure(self, wanted: dict[str, Any]) -> None:
        self._config.update(wanted)
        hears: dict[str, Any] = self._config.get("audio", {}).get("input", {})
        format: dict[str, Any] = hears.get("format") or {}
        self._wire = "ulaw" if format.get("type") == "audio/pcmu" else "pcm"
        # Left out means the service's own, null means that the client decides.
        self._server_vad = hears.get("turn_detection", {}) is not None
        self._emit("session.updated", session=session_object(self._name, self._config))

    def _edit(self, kind: str, event: Event) -> None:
        if kind == "conversation.item.truncate":
            told = ("item_id", "content_index", "audio_end_ms")
            self._emit("conversation.item.truncated", **{k: event[k] for k in told})
        elif kind == "conversation.item.delete":
            self._emit("conversation.item.deleted", item_id=event["item_id"])
        elif kind == "conversation.item.create":
            self._turns += 1
            item = {"id": self._next_item, "status": "completed", **event["item"]}
            for name in ("added", "done"):
                self._emit(
                    f"conversation.item.{name}",
                    previous_item_id=self._last_item,
                    item=item,
                )
            self._last_item = item["id"]
        else:
            self._emit("error", error={**_UNKNOWN, "message": f"unknown: {kind}"})

    def _emit(self, kind: str, **fields: Any) -> None:
        self._send(encode(kind, **fields))


@cache
def _deltas(wire: Wire) -> tuple[Delta, ...]:
    return delta_texts(agent_deltas(wire), wire)


_BUSY = {
    "type": "invalid_request_error",
    "code": "conversation_already_has_active_response",
    "message": "Conversation already has an active response",
    "param": None,
    "event_id": None,
}
_NOTHING_TO_CANCEL = {
    "type": "invalid_request_error",
    "code": "response_cancel_not_active",
    "message": "Cancellation failed: no active response found",
    "param": None,
    "event_id": None,
}
_UNKNOWN = {
    "type": "invalid_request_error",
    "code": "invalid_value",
    "param": "type",
    "event_id": None,
}

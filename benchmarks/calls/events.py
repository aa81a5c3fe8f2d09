"""The events that the stand-in model sends, as the service shapes them.

Audio deltas are put together from text that is made once: they are nearly all of what
is sent, and their ids are all that differs.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator, Sequence
from itertools import count
from typing import Any

from .speech import RATE, Wire

Event = dict[str, Any]
Delta = tuple[bytes, float]
"""Base64, and seconds of audio in it."""

MODEL = "gpt-realtime-2.1"
_WORD = " word"
_event_ids = count(1)


def encode(kind: str, **fields: Any) -> bytes:
    """One event as it goes out."""
    event = {"type": kind, "event_id": f"event_{next(_event_ids):09d}", **fields}
    return json.dumps(event, separators=(",", ":")).encode()


def session_object(name: str, config: dict[str, Any]) -> Event:
    """The session as the service tells it, with what the client has configured."""
    return {
        "type": "realtime",
        "object": "realtime.session",
        "id": f"sess_{name}",
        "model": MODEL,
        "output_modalities": ["audio"],
        "instructions": "",
        "expires_at": 4_102_444_800,  # it is not reached
        **config,
    }


def user_item(id: str) -> Event:
    """What the caller has said."""
    content = [{"type": "input_audio", "transcript": None}]
    return _message(id, "user", "completed", content)


def delta_texts(deltas: Sequence[bytes], wire: Wire) -> tuple[Delta, ...]:
    """Audio as it stands in the events."""
    return tuple((b64encode(each), len(each) / RATE[wire]) for each in deltas)


class Answer:
    """One reply, as a sequence of events.

    Args:
        number: makes its ids.
        wire: the format of its audio.
        deltas: its audio.
        previous: the item that it follows.
        metadata: what the client wants to know it by.
    """

    def __init__(
        self,
        number: str,
        wire: Wire,
        deltas: Sequence[Delta],
        *,
        previous: str | None,
        metadata: Event | None,
    ) -> None:
        self.item_id = f"item_{number}"
        self._response_id = f"resp_{number}"
        self._wire = wire
        self._previous = previous
        self._metadata = metadata
        self._deltas = deltas
        self._said = 0  # deltas
        self._opened = False
        self._place: Event = {
            "response_id": self._response_id,
            "item_id": self.item_id,
            "output_index": 0,
            "content_index": 0,
        }
        place = json.dumps(self._place, separators=(",", ":"))[1:-1]
        kind = "response.output_audio.delta"
        self._head = f'{{"type":"{kind}",{place},"event_id":"event_'

    def created(self) -> Iterator[bytes]:
        """At once."""
        response = self._response("in_progress", None)
        yield encode("response.created", response=response)

    def opening(self) -> Iterator[bytes]:
        """After thinking."""
        self._opened = True
        item = _message(self.item_id, "assistant", "in_progress", [])
        yield self._item_event("response.output_item.added", item)
        yield encode(
            "conversation.item.added", previous_item_id=self._previous, item=item
        )
        part = {"type": "audio", "transcript": ""}
        yield encode("response.content_part.added", **self._place, part=part)

    def next_delta(self) -> Iterator[tuple[bytes, float]]:
        """A word and a piece of audio with its seconds; nothing when all is said."""
        if self._said == len(self._deltas):
            return
        text, seconds = self._deltas[self._said]
        self._said += 1
        kind = "response.output_audio_transcript.delta"
        yield encode(kind, **self._place, delta=_WORD), 0.0
        head = f'{self._head}{next(_event_ids):09d}","delta":"'
        yield head.encode() + text + b'"}', seconds

    def closing(self, status: str, reason: str | None) -> Iterator[bytes]:
        """What ends it, however it ends."""
        output: list[Event] = []
        if self._opened:
            words = _WORD * self._said
            whole = "completed" if status == "completed" else "incomplete"
            content = [{"type": "output_audio", "transcript": words}]
            item = _message(self.item_id, "assistant", whole, content)
            output.append(item)
            yield encode("response.output_audio.done", **self._place)
            kind = "response.output_audio_transcript.done"
            yield encode(kind, **self._place, transcript=words)
            part = {"type": "audio", "transcript": words}
            yield encode("response.content_part.done", **self._place, part=part)
            yield encode(
                "conversation.item.done", previous_item_id=self._previous, item=item
            )
            yield self._item_event("response.output_item.done", item)
        details = None if reason is None else {"type": status, "reason": reason}
        response = self._response(status, details)
        response["output"] = output
        response["usage"] = self._usage()
        yield encode("response.done", response=response)

    def _item_event(self, kind: str, item: Event) -> bytes:
        place = {"response_id": self._response_id, "output_index": 0}
        return encode(kind, **place, item=item)

    def _response(self, status: str, details: Event | None) -> Event:
        sound: Event = {"type": "audio/pcmu"}
        if self._wire == "pcm":
            sound = {"type": "audio/pcm", "rate": 24_000}
        return {
            "object": "realtime.response",
            "id": self._response_id,
            "status": status,
            "status_details": details,
            "output": [],
            "conversation_id": "conv_1",
            "output_modalities": ["audio"],
            "max_output_tokens": "inf",
            "audio": {"output": {"format": sound, "voice": "marin"}},
            "usage": None,
            "metadata": self._metadata,
        }

    def _usage(self) -> Event:
        heard, spoken, words = 15, 5 * self._said, self._said
        return {
            "total_tokens": heard + spoken + words,
            "input_tokens": heard,
            "output_tokens": spoken + words,
            "input_token_details": {
                "text_tokens": 0,
                "audio_tokens": heard,
                "cached_tokens": 0,
            },
            "output_token_details": {"text_tokens": words, "audio_tokens": spoken},
        }


def _message(id: str, role: str, status: str, content: list[Event]) -> Event:
    return {
        "id": id,
        "object": "realtime.item",
        "type": "message",
        "status": status,
        "role": role,
        "content": content,
    }

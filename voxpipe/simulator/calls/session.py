"""The session of a call, without the network: its audio goes to a caller.

It drives a `Machine` as a client would, and changes what comes out of it: audio is
played and not sent, what is played is told (``output_audio_buffer.…``), and an
interruption truncates what was not played.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from random import Random
from typing import Any

from voxpipe.simulator.audio.sound import WireFormat, wire_format
from voxpipe.simulator.errors import CloseFrame
from voxpipe.simulator.protocol.json_types import object_in
from voxpipe.simulator.protocol.outbox import Event, Request, T
from voxpipe.simulator.service.machine import Machine

from .output_audio_buffer import BufferChange, OutputAudioBuffer, PlayedAudio

_OURS = "the call itself"  # the `event_id` of what no client has asked for
_CLEAR = "output_audio_buffer.clear"


class CallSession:
    """One call's session, shared by all clients that join it.

    Args:
        machine: the session; nobody else drives it.
        seed: makes the ids of the events added here reproducible.

    Attributes:
        journal: what it does, for people.
    """

    def __init__(self, machine: Machine, seed: int | None = None) -> None:
        self._machine = machine
        self.journal = machine.journal
        self._random = Random(seed)
        self._output_audio = OutputAudioBuffer()
        self._formats: dict[str, WireFormat] = {}  # of responses that are running
        # What the session is; the first event of a machine tells it.
        created, *self._outgoing = machine.outgoing()
        self._now: dict[str, Any] = created["session"]

    # --- for the clients, each of which has joined it

    def greeting(self) -> Event:
        """The first event for a client that joins."""
        return {
            "type": "session.created",
            "event_id": self._event_id(),
            "session": self._now,
        }

    def receive(self, message: str | bytes, now: float) -> list[Event]:
        """Take a frame from a client; gives what is for this client alone: errors."""
        self._let_pass(now)
        if _is_clear(message):
            self._cut(now)
            return []
        self._machine.receive(message, now)
        errors: list[Event] = []
        self._follow(now, errors)
        return errors

    def outgoing(self) -> list[Event]:
        """The events for all clients."""
        events, self._outgoing = self._outgoing, []
        return events

    @property
    def close_frame(self) -> CloseFrame | None:
        """Why the session is over, when it is."""
        return self._machine.close_frame

    # --- for the caller

    @property
    def takes(self) -> WireFormat:
        """The format of what `hear` is given."""
        return wire_format(self._now["audio"]["input"]["format"])

    def hear(self, audio: bytes, now: float) -> None:
        """Take what the caller says."""
        self._let_pass(now)
        append = {
            "type": "input_audio_buffer.append",
            "audio": b64encode(audio).decode(),
        }
        self._machine.receive(json.dumps(append), now)
        self._follow(now, self._outgoing)

    def sound(self, size: int) -> bytes:
        """What leaves next for the caller, in bytes: 16-bit mono at 24 kHz."""
        return self._output_audio.sound(size)

    def press(self, key: str, received_at: int) -> None:
        """Take a key that the caller has pressed: ``0`` to ``9``, ``*``, ``#``, A–D."""
        self._outgoing.append(
            {
                "type": "input_audio_buffer.dtmf_event_received",
                "event": key,
                "received_at": received_at,  # this event has no id
            }
        )

    def hang_up(self, now: float) -> None:
        """End what is playing: it has been played so far."""
        self._output_audio.cut(now)

    def played(self) -> list[PlayedAudio]:
        """The replies whose playing has ended since the last time this was asked."""
        return self._output_audio.played()

    # --- for the shell

    @property
    def next_timer(self) -> float:
        """When `advance` has something to do; ``inf`` when never."""
        return min(self._machine.next_timer, self._output_audio.next)

    def advance(self, now: float) -> None:
        """Do what has become due."""
        self._let_pass(now)
        self._machine.advance(now)
        self._follow(now, self._outgoing)

    def requests(self) -> list[Request[Any]]:
        """What others have to do for it since the last time this was asked."""
        return self._machine.requests()

    def answered(self, request: Request[T], outcome: T, now: float) -> None:
        """Take what came of a request."""
        self._let_pass(now)
        self._machine.answered(request, outcome, now)
        self._follow(now, self._outgoing)

    # --- what comes out of the machine

    def _follow(self, now: float, errors: list[Event]) -> None:
        interrupted = False
        for event in self._machine.outgoing():
            kind = event["type"]
            if kind == "response.output_audio.delta":
                self._play(event, now)
                continue
            (errors if kind == "error" else self._outgoing).append(event)
            if kind == "session.updated":
                self._now = event["session"]
            elif kind == "response.created":
                output = event["response"]["audio"]["output"]
                self._formats[event["response"]["id"]] = wire_format(output["format"])
            elif kind == "response.done":
                self._output_audio.finish(event["response"]["id"])
                self._formats.pop(event["response"]["id"], None)
            elif kind == "input_audio_buffer.speech_started":
                interrupted = self._interruptible
        if interrupted:
            self._cut(now)
        self._let_pass(now)

    def _play(self, event: Event, now: float) -> None:
        id = event["response_id"]
        data = b64decode(event["delta"])
        self._output_audio.play(id, event["item_id"], data, self._formats[id], now)

    @property
    def _interruptible(self) -> bool:
        input: dict[str, Any] = self._now["audio"]["input"]
        detection: dict[str, Any] = input["turn_detection"] or {}
        return bool(detection.get("interrupt_response"))

    def _let_pass(self, now: float) -> None:
        self._tell(self._output_audio.advance(now))

    def _cut(self, now: float) -> None:
        """Stop playing; the conversation keeps of each item what was played."""
        changes, cut = self._output_audio.cut(now)
        self._tell(changes)
        for item_id, ms in cut.items():
            truncate = {
                "type": "conversation.item.truncate",
                "event_id": _OURS,
                "item_id": item_id,
                "content_index": 0,
                "audio_end_ms": ms,
            }
            self._machine.receive(json.dumps(truncate), now)
            # Out-of-band items and deleted ones cannot be truncated: nobody asked.
            self._outgoing += [
                event for event in self._machine.outgoing() if event["type"] != "error"
            ]

    def _tell(self, changes: list[BufferChange]) -> None:
        self._outgoing += [
            {
                "type": f"output_audio_buffer.{change.what}",
                "event_id": self._event_id(),
                "response_id": change.response_id,
            }
            for change in changes
        ]

    def _event_id(self) -> str:
        # Another process than the model's makes these, and its ids look so.
        return f"event_{self._random.getrandbits(64):016x}"


def _is_clear(message: str | bytes) -> bool:
    if not isinstance(message, str) or _CLEAR not in message:
        return False
    event = object_in(message)
    return event is not None and event.get("type") == _CLEAR

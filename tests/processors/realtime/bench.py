"""A conversation on the bench: its service and its sink do what the test says."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterable
from itertools import count
from typing import Any

from voxpipe.pipeline import (
    AudioFrame,
    Frame,
    Interruption,
    SpeechStarted,
    SpeechStopped,
    ToolCall,
    ToolResult,
    Transcript,
    Usage,
)
from voxpipe.processors.realtime import Settings
from voxpipe.processors.realtime.config.settings import PCM_24K
from voxpipe.processors.realtime.protocol.conversation import Conversation
from voxpipe.processors.realtime.protocol.deadlines import RESPONSE_TIMEOUT
from voxpipe.processors.realtime.protocol.response import Response

from ...playhead import Played

Json = dict[str, Any]


class Bench:
    """A `Conversation`, and a service that says what the test has it say.

    Attributes:
        conversation: under test.
        now: its clock; tests move it.
        orders: client events, taken from the outbox as they appear.
        audio: the caller's frames, likewise.
        over: how often somebody else has ended a turn.
    """

    def __init__(self, **settings: Any) -> None:
        self.over = 0
        timeout = settings.pop("response_timeout", RESPONSE_TIMEOUT)
        self.conversation = Conversation(
            Settings(**settings), response_timeout=timeout, on_over=self._note
        )
        self._faults: list[str] = []
        self.now = 0.0
        self._played = Played()
        self.orders: list[Json] = []
        self.audio: list[AudioFrame] = []
        self._told: list[tuple[str, Frame]] = []
        self._numbers = count(1)

    def _note(self) -> None:
        self.over += 1

    # --- the service

    def says(self, kind: str, /, **fields: Any) -> None:
        """The service sends an event, under a name of its own."""
        fields.setdefault("event_id", f"event_{next(self._numbers)}")
        self.hears_text(json.dumps({"type": kind, **fields}))

    def hears_text(self, message: str) -> None:
        """The service sends these characters."""
        self.conversation.receive(message, self.now)

    def created(self, id: str = "resp_1", *, of: Response | None = None) -> None:
        """A reply begins: the one that was asked for, or one of the service's."""
        metadata = {"voxpipe": of.request_id} if of else None
        self.says("response.created", response={"id": id, "metadata": metadata})

    def done(
        self, id: str = "resp_1", status: str = "completed", **fields: Any
    ) -> None:
        """A reply has ended."""
        response = {"id": id, "status": status, **fields}
        self.says("response.done", response=response)

    def item(self, response: str, item: str) -> None:
        """A message of a reply begins."""
        body = {"id": item, "type": "message", "role": "assistant"}
        self.says("response.output_item.added", response_id=response, item=body)
        self.says("conversation.item.added", item=body, previous_item_id=None)

    def sound(self, response: str, item: str, seconds: float, *, part: int = 0) -> None:
        """Audio of a message."""
        audio = b64encode(bytes(PCM_24K.bytes_in(seconds))).decode()
        self.says(
            "response.output_audio.delta",
            response_id=response,
            item_id=item,
            content_index=part,
            delta=audio,
        )

    def words(self, response: str, item: str, text: str, *, part: int = 0) -> None:
        """Words of a message that is spoken."""
        self.says(
            "response.output_audio_transcript.delta",
            response_id=response,
            item_id=item,
            content_index=part,
            delta=text,
        )

    def item_done(self, response: str, item: str, text: str | None = None) -> None:
        """A message has ended, with all its words."""
        where = {"response_id": response, "item_id": item, "content_index": 0}
        self.says("response.output_audio.done", **where)
        if text is not None:
            kind = "response.output_audio_transcript.done"
            self.says(kind, **where, transcript=text)
        body = {"id": item, "type": "message", "role": "assistant"}
        self.says("response.output_item.done", response_id=response, item=body)

    def speaks(self, response: str, item: str, text: str, seconds: float) -> None:
        """A whole message, in one go."""
        self.item(response, item)
        self.words(response, item, text)
        self.sound(response, item, seconds)
        self.item_done(response, item, text)

    def calls(self, response: str, call_id: str, *, status: str = "completed") -> None:
        """The model calls a tool."""
        item = {
            "id": f"item_{call_id}",
            "type": "function_call",
            "status": status,
            "name": "look",
            "call_id": call_id,
            "arguments": "{}",
        }
        self.says("response.output_item.done", response_id=response, item=item)

    def started(self, item: str = "item_u") -> None:
        """The service's turn detection hears the caller begin."""
        kind = "input_audio_buffer.speech_started"
        self.says(kind, item_id=item, audio_start_ms=0)

    def stopped(self, item: str = "item_u", at_ms: int = 1000) -> None:
        """It hears the caller end, and makes an item of it."""
        kind = "input_audio_buffer.speech_stopped"
        self.says(kind, item_id=item, audio_end_ms=at_ms)
        self.committed(item)

    def committed(self, item: str = "item_u", previous: str | None = None) -> None:
        """The caller's turn is an item."""
        kind = "input_audio_buffer.committed"
        self.says(kind, item_id=item, previous_item_id=previous)

    def refuses(self, code: str, event_id: str | None = None) -> None:
        """The service refuses an order."""
        error = {"type": "invalid_request_error", "code": code, "event_id": event_id}
        self.says("error", error=error)

    # --- the caller and the program

    def hears(self, seconds: float, *, frame: float = 0.02, start: float = 0.0) -> None:
        """The caller's audio, in frames."""
        for number in range(round(seconds / frame)):
            data = bytes(PCM_24K.bytes_in(frame))
            at = start + number * frame
            self.conversation.hear(
                AudioFrame(data=data, format=PCM_24K, start=at), self.now
            )
            self.now += frame

    def starts(self, at: float = 0.0) -> None:
        """The pipeline's turn detection hears the caller begin."""
        self.conversation.mark(SpeechStarted(at=at), self.now)

    def stops(self, at: float = 1.0) -> None:
        """It hears the caller end."""
        self.conversation.mark(SpeechStopped(at=at), self.now)

    def asks(self, **options: Any) -> Response:
        """The program asks for a reply."""
        return self.conversation.request(options, self.now)

    def result(self, call_id: str, output: str = "ok", **fields: Any) -> None:
        """A tool has answered."""
        result = ToolResult(call_id=call_id, output=output, **fields)
        self.conversation.add_result(result, self.now)

    def waits(self, seconds: float) -> None:
        """Time passes, in which nothing happens."""
        self.now += seconds
        self.conversation.advance(self.now)

    # --- what came of it

    def sent(self, *kinds: str) -> list[Json]:
        """All orders so far, or those of some kinds."""
        messages = self.conversation.outbox.messages
        while messages:
            each = messages.popleft()
            if isinstance(each, AudioFrame):
                self.audio.append(each)
            else:
                json.dumps(each)  # or it could not be sent
                self.orders.append(each)
        return [each for each in self.orders if not kinds or each["type"] in kinds]

    def told(self, port: str) -> list[Any]:
        """All frames for a port so far."""
        frames = self.conversation.outbox.frames
        while frames:
            self._told.append(frames.popleft())
        return [frame for name, frame in self._told if name == port]

    @property
    def faults(self) -> list[str]:
        """What was reported."""
        reports = self.conversation.outbox.reports
        while reports:
            self._faults.append(reports.popleft())
        return self._faults

    @property
    def interruptions(self) -> list[Interruption]:
        """Replies that were cut."""
        return self.told("interruptions")

    @property
    def transcripts(self) -> list[Transcript]:
        """Words of both sides."""
        return self.told("transcripts")

    @property
    def tool_calls(self) -> list[ToolCall]:
        """Tools that are to run."""
        return self.told("calls")

    @property
    def usage(self) -> list[Usage]:
        """The items of the bill."""
        return self.told("usage")

    @property
    def spoken(self) -> list[Response]:
        """Replies that are played or wait to be."""
        return list(self.conversation.spoken)

    def plays(self, reply: Response, seconds: float) -> None:
        """The sink has played so much of a reply, of which all that came was sent."""
        while reply.take(self.now) is not None:
            pass
        self._played.plays(reply.turn, seconds)


def outcome(reply: Response) -> tuple[str, str] | None:
    """How a reply ended: status and reason."""
    settled = reply.settled
    return None if settled is None else (settled.status, settled.reason)


def kinds(orders: Iterable[Json]) -> list[str]:
    """What is ordered."""
    return [order["type"] for order in orders]


CREATE, CANCEL = "response.create", "response.cancel"
TRUNCATE, DELETE = "conversation.item.truncate", "conversation.item.delete"
COMMIT = "input_audio_buffer.commit"
TOOLS: list[Json] = [{"type": "function", "name": "look", "parameters": {}}]

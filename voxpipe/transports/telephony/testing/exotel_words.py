"""The messages that Exotel sends in one stream, and how it takes others.

Source: https://developer.exotel.com/docs/agentstream/stream-voicebot-applet
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar
from uuid import uuid4

from voxpipe.pipeline import AudioFormat
from voxpipe.transports.telephony.exotel import ExotelCall

from .words import (
    Broken,
    Clear,
    Message,
    Order,
    Play,
    Words,
    audio_in,
    event_in,
    mark_in,
    object_in,
    part_in,
    text_in,
)

PCM = AudioFormat("pcm16", 8_000)
STEP, LEAST, MOST = 320, 3_200, 100_000  # bytes


class ExotelWords(Words):
    """Exotel's messages in one stream.

    Args:
        format: of the audio, pcm16 at 8,000, 16,000 or 24,000 Hz.
        caller: who calls.
        called: the number that they call.
    """

    call: ClassVar = ExotelCall

    def __init__(
        self,
        format: AudioFormat = PCM,
        *,
        caller: str = "+15550100",
        called: str = "+15550199",
    ) -> None:
        self.format = format
        self.call_id = uuid4().hex
        self.caller, self.called = caller, called
        self._stream = uuid4().hex
        self._sequence = 0

    def opening(self, parameters: Mapping[str, str]) -> Sequence[Message]:
        """As `Words.opening`."""
        body = {
            "stream_sid": self._stream,
            "call_sid": self.call_id,
            "account_sid": "voxpipe",
            "from": self.caller,
            "to": self.called,
            "custom_parameters": dict(parameters),
            "media_format": {
                "encoding": "base64",
                "sample_rate": str(self.format.rate),
                "bit_rate": "128kbps",
            },
        }
        return '{"event":"connected"}', self._written("start", start=body)

    def media(self, payload: str, chunk: int) -> Message:
        """As `Words.media`."""
        self._sequence += 1
        return (
            f'{{"event":"media","sequence_number":{self._sequence},'
            f'"stream_sid":"{self._stream}","media":{{"chunk":{chunk},'
            f'"timestamp":"{(chunk - 1) * 20}","payload":"{payload}"}}}}'
        )

    def dtmf(self, key: str) -> Message:
        """As `Words.dtmf`."""
        return self._written("dtmf", dtmf={"duration": "260", "digit": key})

    def mark(self, name: str) -> Message:
        """As `Words.mark`."""
        return self._written("mark", mark={"name": name})

    def stop(self) -> Sequence[Message]:
        """As `Words.stop`."""
        body = {"call_sid": self.call_id, "reason": "callended"}
        return (self._written("stop", stop=body),)

    def read(self, message: Message) -> Order:
        """As `Words.read`."""
        order = object_in(message)
        event = event_in(order, "media", "mark", "clear")
        if text_in(order, "stream_sid") != self._stream:
            raise Broken("wrong stream", f"in a {event}")
        if event == "clear":
            return Clear()
        if event == "mark":
            return mark_in(part_in(order, "mark"))
        return _fitting(audio_in(order))

    def _written(self, event: str, **parts: Any) -> str:
        self._sequence += 1
        named = {"sequence_number": self._sequence, "stream_sid": self._stream}
        return json.dumps({"event": event, **named, **parts}, separators=(",", ":"))


def _fitting(play: Play) -> Play:
    size = len(play.audio)
    if size % STEP or not LEAST <= size <= MOST:
        raise Broken(
            "bad payload", f"{size} bytes, not a multiple of {STEP} from {LEAST} up"
        )
    return play

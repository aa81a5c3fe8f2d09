"""The messages that Plivo sends in one stream, and how it takes others.

Source: https://plivo.com/docs/voice/audio-streaming/audio-streaming
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar
from uuid import uuid4

from voxpipe.pipeline import AudioFormat
from voxpipe.transports.telephony.plivo import PlivoCall

from .speech import ULAW
from .words import (
    Broken,
    Clear,
    Message,
    Order,
    Words,
    audio_in,
    event_in,
    mark_in,
    object_in,
    part_in,
)

_NAMES = {"ulaw": "audio/x-mulaw", "pcm16": "audio/x-l16"}


class PlivoWords(Words):
    """Plivo's messages in one stream.

    Args:
        format: of the audio: mu-law at 8,000 Hz, or pcm16 at 8,000 or 16,000.
    """

    call: ClassVar = PlivoCall
    marks_cleared: ClassVar = False

    def __init__(self, format: AudioFormat = ULAW) -> None:
        self.format = format
        self.call_id = str(uuid4())
        self._stream = str(uuid4())
        self._headers = ""
        self._sequence = 0

    def opening(self, parameters: Mapping[str, str]) -> Sequence[Message]:
        """As `Words.opening`; there is one message, and it has ``extraHeaders``."""
        named = ";".join(f"{name}={value}" for name, value in parameters.items())
        self._headers = f'"extra_headers":{json.dumps(named)}'
        body = {
            "callId": self.call_id,
            "streamId": self._stream,
            "accountId": "MA0123456789",
            "tracks": ["inbound"],
            "mediaFormat": {
                "encoding": _NAMES[self.format.encoding],
                "sampleRate": self.format.rate,
            },
        }
        return (
            f'{{"event":"start","sequenceNumber":{self._next()},'
            f'"start":{json.dumps(body)},{self._headers}}}',
        )

    def media(self, payload: str, chunk: int) -> Message:
        """As `Words.media`; its timestamps are of the wall."""
        at = 1_705_312_200_000 + (chunk - 1) * 20
        return self._say(
            "media",
            f'"media":{{"track":"inbound","timestamp":"{at}","chunk":{chunk},'
            f'"payload":"{payload}"}}',
        )

    def dtmf(self, key: str) -> Message:
        """As `Words.dtmf`."""
        return self._say("dtmf", f'"dtmf":{{"track":"inbound","digit":"{key}"}}')

    def mark(self, name: str) -> Message:
        """As `Words.mark`."""
        return self._say("playedStream", f'"name":{json.dumps(name)}')

    def cleared(self) -> Sequence[Message]:
        """As `Words.cleared`."""
        return (self._say("clearedAudio", '"reason":"asked"'),)

    def stop(self) -> Sequence[Message]:
        """As `Words.stop`: there is no message for it, the connection ends."""
        return ()

    def read(self, message: Message) -> Order:
        """As `Words.read`."""
        order = object_in(message)
        event = event_in(order, "playAudio", "checkpoint", "clearAudio")
        if order.get("streamId") != self._stream:
            raise Broken("wrong stream", f"in a {event}")
        if event == "clearAudio":
            return Clear()
        if event == "checkpoint":
            return mark_in(order)
        self._check(part_in(order, "media"))
        return audio_in(order)

    def _check(self, media: dict[str, Any]) -> None:
        expected = _NAMES[self.format.encoding], self.format.rate
        if (media.get("contentType"), media.get("sampleRate")) != expected:
            raise Broken("bad payload", f"not {expected[0]} at {expected[1]} Hz")

    def _say(self, event: str, body: str) -> str:
        return (
            f'{{"event":"{event}","sequenceNumber":{self._next()},'
            f'"streamId":"{self._stream}",{body},{self._headers}}}'
        )

    def _next(self) -> int:
        self._sequence += 1
        return self._sequence

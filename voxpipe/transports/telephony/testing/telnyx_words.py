"""The messages that Telnyx sends in one stream, and how it takes others.

Source: https://developers.telnyx.com/docs/voice/programmable-voice/media-streaming
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import ClassVar
from uuid import uuid4

from voxpipe.pipeline import AudioFormat
from voxpipe.transports.telephony.telnyx import TelnyxCall

from .speech import ULAW
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
)

_NAMES = {"ulaw": "PCMU", "alaw": "PCMA", "pcm16": "L16"}
LEAST, MOST = 0.02, 30.0  # seconds of audio in a message


class TelnyxWords(Words):
    """Telnyx' messages in one stream.

    Args:
        format: of the audio: G.711 at 8,000 Hz, or pcm16 at 8,000, 16,000 or 24,000.
        caller: who calls.
        called: the number that they call.
    """

    call: ClassVar = TelnyxCall

    def __init__(
        self,
        format: AudioFormat = ULAW,
        *,
        caller: str = "+15550100",
        called: str = "+15550199",
    ) -> None:
        self.format = format
        self.call_id = f"v3:{uuid4().hex}"
        self.caller, self.called = caller, called
        self._stream = f'"stream_id":"{uuid4()}"'
        self._sequence = 0

    def opening(self, parameters: Mapping[str, str]) -> Sequence[Message]:
        """As `Words.opening`."""
        body = {
            "user_id": str(uuid4()),
            "call_control_id": self.call_id,
            "call_session_id": str(uuid4()),
            "from": self.caller,
            "to": self.called,
            "media_format": {
                "encoding": _NAMES[self.format.encoding],
                "sample_rate": self.format.rate,
                "channels": 1,
            },
            "custom_parameters": dict(parameters),
        }
        return (
            '{"event":"connected","version":"1.0.0"}',
            f'{{"event":"start","sequence_number":"{self._next()}",'
            f'"start":{json.dumps(body)},{self._stream}}}',
        )

    def media(self, payload: str, chunk: int) -> Message:
        """As `Words.media`."""
        return (
            f'{{"event":"media","sequence_number":"{self._next()}",'
            f'"media":{{"track":"inbound","chunk":"{chunk}",'
            f'"timestamp":"{(chunk - 1) * 20}","payload":"{payload}"}},{self._stream}}}'
        )

    def dtmf(self, key: str) -> Message:
        """As `Words.dtmf`."""
        return (
            f'{{"event":"dtmf",{self._stream},"sequence_number":"{self._next()}",'
            f'"dtmf":{{"digit":"{key}"}}}}'
        )

    def mark(self, name: str) -> Message:
        """As `Words.mark`."""
        return (
            f'{{"event":"mark","sequence_number":"{self._next()}",{self._stream},'
            f'"mark":{{"name":{json.dumps(name)}}}}}'
        )

    def stop(self) -> Sequence[Message]:
        """As `Words.stop`."""
        return (
            f'{{"event":"stop","sequence_number":"{self._next()}",'
            f'"stop":{{"call_control_id":"{self.call_id}"}},{self._stream}}}',
        )

    def read(self, message: Message) -> Order:
        """As `Words.read`."""
        order = object_in(message)
        event = event_in(order, "media", "mark", "clear")
        if event == "clear":
            return Clear()
        if event == "mark":
            return mark_in(part_in(order, "mark"))
        return self._fitting(audio_in(order))

    def _fitting(self, play: Play) -> Play:
        seconds = len(play.audio) / self.format.bytes_per_second
        if not LEAST <= seconds <= MOST:
            raise Broken("bad payload", f"{seconds:g} s, not 20 ms to 30 s")
        return play

    def _next(self) -> str:
        self._sequence += 1
        return str(self._sequence)

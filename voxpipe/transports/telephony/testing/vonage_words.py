"""The messages that Vonage sends in one stream, and how it takes others.

Source: https://developer.vonage.com/en/voice/voice-api/guides/websockets
"""

from __future__ import annotations

import binascii
import json
from collections.abc import Mapping, Sequence
from typing import ClassVar
from uuid import uuid4

from voxpipe.pipeline import AudioFormat
from voxpipe.transports.telephony.vonage import VonageCall
from voxpipe.transports.telephony.vonage.codec import CALL_ID

from .words import (
    Broken,
    Clear,
    Message,
    Order,
    Play,
    Words,
    mark_in,
    object_in,
    part_in,
    text_in,
)

PCM = AudioFormat("pcm16", 24_000)


class VonageWords(Words):
    """Vonage's messages in one stream; no name of a call is among them.

    Args:
        format: of the audio, pcm16 at 8,000, 16,000 or 24,000 Hz.
    """

    call: ClassVar = VonageCall
    marks_cleared: ClassVar = False

    def __init__(self, format: AudioFormat = PCM) -> None:
        self.format = format
        self.call_id = str(uuid4())

    def opening(self, parameters: Mapping[str, str]) -> Sequence[Message]:
        """As `Words.opening`; the headers of an NCCO stand beside the rest."""
        value = {
            "event": "websocket:connected",
            "content-type": f"audio/l16;rate={self.format.rate}",
            CALL_ID: self.call_id,
        }
        return (json.dumps(value | dict(parameters)),)

    def media(self, payload: str, chunk: int) -> Message:
        """As `Words.media`."""
        return binascii.a2b_base64(payload)

    def dtmf(self, key: str) -> Message:
        """As `Words.dtmf`."""
        return f'{{"event":"websocket:dtmf","digit":"{key}","duration":260}}'

    def mark(self, name: str) -> Message:
        """As `Words.mark`."""
        payload = json.dumps({"mark": name})
        return f'{{"event":"websocket:notify","payload":{payload}}}'

    def cleared(self) -> Sequence[Message]:
        """As `Words.cleared`."""
        return ('{"event":"websocket:cleared"}',)

    def stop(self) -> Sequence[Message]:
        """As `Words.stop`: it says nothing, and closes the connection."""
        return ()

    def read(self, message: Message) -> Order:
        """As `Words.read`."""
        if isinstance(message, bytes):
            wanted = self.format.bytes_in(0.02)
            if len(message) != wanted:
                raise Broken("bad payload", f"{len(message)} bytes, not {wanted}")
            return Play(message)
        order = object_in(message)
        action = text_in(order, "action")
        if action == "clear":
            return Clear()
        if action == "notify":
            return mark_in({"name": part_in(order, "payload").get("mark")})
        raise Broken("unknown event", f"expected clear or notify, got {action[:40]!r}")

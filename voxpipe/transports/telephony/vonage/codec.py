"""Vonage's messages, without a socket: sound is binary, all else is text.

Source: https://developer.vonage.com/en/voice/voice-api/guides/websockets
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from voxpipe.pipeline import AudioFormat, AudioFrame, TransportError
from voxpipe.transports.telephony.carrier import fields
from voxpipe.transports.telephony.carrier.codec import Codec, Message
from voxpipe.transports.telephony.carrier.events import (
    Audio,
    Digit,
    Event,
    Marked,
    Started,
    Unknown,
    WireError,
)
from voxpipe.transports.telephony.carrier.shape import Shape

CALL_ID = "voxpipe-call"
"""The header that brings the name of the call back: Vonage's messages have none."""

MESSAGE = 0.02  # seconds of audio in each message, both ways
_START = "websocket:connected"
RATES = (8_000, 16_000, 24_000)

_CONTENT_TYPE = re.compile(r"audio/l16;\s*rate=(\d{4,6})", re.IGNORECASE | re.ASCII)


class VonageCodec(Codec):
    """The messages of one stream of Vonage's.

    No message names a stream or says that the call is over: there is one stream to a
    connection, and Vonage closes that.
    """

    carrier = "Vonage"
    cure = "does the answer URL connect to an endpoint of type websocket?"
    silent_end = "caller"

    def __init__(self) -> None:
        self._format: AudioFormat | None = None  # until it has begun
        self._bytes = 0  # in a message

    def parse(self, message: str | bytes, /) -> Audio | Event | None:
        """As `Codec.parse`."""
        if type(message) is bytes:
            return fields.binary_of(message, self._format, _START), None
        value = fields.parse_object(message)
        kind = value.get("event", _START)  # which old streams leave out
        if type(kind) is not str:
            raise fields.wrong("event", "a text", kind)
        if kind == _START:
            return self._begin(value)
        if kind == "websocket:dtmf":
            return Digit(fields.key_of(value, "digit"))
        if kind == "websocket:notify":
            return Marked(
                fields.text_of(fields.part_of(value, "payload"), "mark", "payload.")
            )
        return None if kind == "websocket:cleared" else Unknown()

    def shape(self, format: AudioFormat) -> Shape:
        """As `Codec.shape`: 20 ms a message, as many in a piece as there are."""
        size = format.bytes_in(MESSAGE)
        return Shape(step=size, least=size, most=500 * size, gather=size)

    def audio(self, frame: AudioFrame, mark: str | None) -> Sequence[Message]:
        """As `Codec.audio`."""
        data, size = frame.data, self._bytes
        messages: list[Message] = [
            data[at : at + size] for at in range(0, len(data), size)
        ]
        if mark is not None:
            messages.append(f'{{"action":"notify","payload":{{"mark":"{mark}"}}}}')
        return messages

    def clear(self) -> Sequence[str]:
        """As `Codec.clear`."""
        return ('{"action":"clear"}',)

    def _begin(self, value: dict[str, Any]) -> Started:
        if self._format is not None:
            raise WireError("expected what happens in a call, got the start of another")
        format = _format(fields.text_of(value, "content-type"))
        headers = {
            name: text
            for name, text in value.items()
            if name not in ("event", "content-type")
        }
        parameters = dict(fields.parameters_of({"headers": headers}, "headers", ""))
        call_id = parameters.pop(CALL_ID, "") or uuid4().hex
        if fields.NAME.fullmatch(call_id) is None:
            raise fields.wrong(CALL_ID, "letters and digits", call_id)
        self._format, self._bytes = format, format.bytes_in(MESSAGE)
        return Started(call_id=call_id, format=format, parameters=parameters)


def _format(content_type: str) -> AudioFormat:
    found = _CONTENT_TYPE.fullmatch(content_type)
    if found is None or int(found[1]) not in RATES:
        raise TransportError(
            "expected content-type audio/l16;rate=8000, 16000 or 24000, got "
            f"{content_type[:40]!r}: see content-type in the NCCO"
        )
    return AudioFormat("pcm16", int(found[1]))

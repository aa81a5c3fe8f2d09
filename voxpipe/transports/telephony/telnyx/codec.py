"""Telnyx' messages, without a socket: text to events, and orders to text.

"The order of events is not guaranteed": audio is put in order by its chunks.
Source: https://developers.telnyx.com/docs/voice/programmable-voice/media-streaming
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from voxpipe.pipeline import AudioFormat, AudioFrame
from voxpipe.transports.telephony.carrier import fields
from voxpipe.transports.telephony.carrier.codec import MAX_MESSAGE, Parsed
from voxpipe.transports.telephony.carrier.events import (
    Audio,
    Complaint,
    Event,
    Started,
    Unknown,
)
from voxpipe.transports.telephony.carrier.json_codec import JsonCodec
from voxpipe.transports.telephony.carrier.reorder import Reorder
from voxpipe.transports.telephony.carrier.shape import Shape

from .media import format_of

LEAST, MOST = 0.02, 10.0  # seconds of audio in a message; Telnyx takes up to 30

_USUAL_AUDIO = re.compile(
    r'\{"event":"media","sequence_number":"\d{1,12}",(?:"stream_id":"([\w.:-]{1,128})",)?'
    r'"media":\{"track":"inbound","chunk":"(\d{1,12})","timestamp":"(\d{1,12})",'
    r'"payload":"([A-Za-z0-9+/=]*)"\}(?:,"stream_id":"([\w.:-]{1,128})")?\}',
    re.ASCII,
).fullmatch


class TelnyxCodec(JsonCodec):
    """The messages of one stream of Telnyx'."""

    carrier = "Telnyx"
    cure = "does the webhook answer with <Connect><Stream bidirectionalMode='rtp'>?"
    stream = "stream_id"

    def __init__(self) -> None:
        super().__init__()
        self._order = Reorder[Audio]()
        self._lost = 0  # of which people were told

    def parse(self, message: str | bytes, /) -> Parsed:
        """As `Codec.parse`."""
        if type(message) is str and len(message) <= MAX_MESSAGE:
            usual = _USUAL_AUDIO(message)
            if usual is not None:
                first, chunk, at, payload, last = usual.groups()
                if (last or first) == self._stream:
                    return self._in_order(int(chunk), (payload, int(at)))
        return super().parse(message)

    def shape(self, format: AudioFormat) -> Shape:
        """As `Codec.shape`."""
        least, step = format.bytes_in(LEAST), format.sample_bytes
        return Shape(step=step, least=least, most=format.bytes_in(MOST), gather=least)

    def audio(self, frame: AudioFrame, mark: str | None) -> Sequence[str]:
        """As `Codec.audio`."""
        audio = f'{{"event":"media","media":{{"payload":"{frame.base64}"}}}}'
        if mark is None:
            return (audio,)
        return audio, f'{{"event":"mark","mark":{{"name":"{mark}"}}}}'

    def clear(self) -> Sequence[str]:
        """As `Codec.clear`."""
        return ('{"event":"clear"}',)

    def _begin(self, value: dict[str, Any]) -> Started:
        body = fields.part_of(value, "start")
        stream = fields.name_of(value, "stream_id")
        started = Started(
            call_id=fields.name_of(body, "call_control_id", "start."),
            format=format_of(fields.part_of(body, "media_format", "start.")),
            caller=fields.text_of({"from": "", **body}, "from", "start."),
            called=fields.text_of({"to": "", **body}, "to", "start."),
            parameters=fields.parameters_of(body, "custom_parameters", "start."),
        )
        self._stream = stream
        return started

    def _other(self, value: dict[str, Any], kind: str) -> Event:
        return Complaint(_complaint(value)) if kind == "error" else Unknown()

    def _inbound(self, body: dict[str, Any], audio: Audio) -> Parsed:
        chunk = fields.milliseconds_of(body, "chunk")
        if chunk is None:
            raise fields.wrong("media.chunk", "a number", body.get("chunk"))
        return self._in_order(chunk, audio)

    def _in_order(self, chunk: int, audio: Audio) -> Parsed:
        ready = self._order.feed(chunk, audio)
        if self._order.lost > self._lost:
            lost, self._lost = self._order.lost - self._lost, self._order.lost
            return [Complaint(f"{lost} chunks of the caller did not come"), *ready]
        return ready[0] if len(ready) == 1 else [*ready]


def _complaint(value: dict[str, Any]) -> str:
    code: Any = fields.part_of(value, "payload").get("code")
    known = code if type(code) is int else "none"
    return f"Telnyx has not taken what it was sent: error {known}"

"""Plivo's messages, without a socket: text to events, and orders to text.

Source: https://plivo.com/docs/voice/audio-streaming/audio-streaming
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import unquote

from voxpipe.pipeline import AudioFormat, AudioFrame, TransportError
from voxpipe.transports.telephony.carrier import fields
from voxpipe.transports.telephony.carrier.codec import MAX_MESSAGE, Parsed
from voxpipe.transports.telephony.carrier.events import (
    Marked,
    Started,
)
from voxpipe.transports.telephony.carrier.json_codec import JsonCodec

# L16 is taken as little-endian, which Plivo does not say: to be proved by a live call.
_FORMATS = {
    ("audio/x-mulaw", 8_000): AudioFormat("ulaw", 8_000),
    ("audio/x-l16", 8_000): AudioFormat("pcm16", 8_000),
    ("audio/x-l16", 16_000): AudioFormat("pcm16", 16_000),
}

_USUAL_AUDIO = re.compile(
    r'\{"event":"media","sequenceNumber":\d{1,12},"streamId":"([\w.:-]{1,128})",'
    r'"media":\{"track":"inbound","timestamp":"(\d{1,13})","chunk":\d{1,12},'
    r'"payload":"([A-Za-z0-9+/=]*)"\}(?:,"extra_headers":"[^"\\]*")?\}',
    re.ASCII,
).fullmatch
_HEADER = re.compile(r"([\w.-]+)\s*[=:]\s*([\w.~%-]+)", re.ASCII)


class PlivoCodec(JsonCodec):
    """The messages of one stream of Plivo's."""

    carrier = "Plivo"
    cure = "does the answer URL return <Stream bidirectional='true'>?"
    stream = "streamId"
    kinds = ("media", "dtmf", "playedStream", "clearedAudio", "stop")
    silent_end = "caller"  # there is no message for it: the connection ends

    def __init__(self) -> None:
        super().__init__()
        self._head = ""  # what stands before the audio that we send

    def parse(self, message: str | bytes, /) -> Parsed:
        """As `Codec.parse`."""
        if type(message) is str and len(message) <= MAX_MESSAGE:
            usual = _USUAL_AUDIO(message)
            if usual is not None and usual[1] == self._stream:
                return usual[3], int(usual[2])
        return super().parse(message)

    def audio(self, frame: AudioFrame, mark: str | None) -> Sequence[str]:
        """As `Codec.audio`."""
        audio = f'{self._head}{frame.base64}"}}}}'
        if mark is None:
            return (audio,)
        told = f'{{"event":"checkpoint","streamId":"{self._stream}","name":"{mark}"}}'
        return audio, told

    def clear(self) -> Sequence[str]:
        """As `Codec.clear`; checkpoints that are out do not come back."""
        return (f'{{"event":"clearAudio","streamId":"{self._stream}"}}',)

    def _event(self, value: dict[str, Any], kind: str) -> Parsed:
        if kind == "playedStream":
            return Marked(fields.text_of(value, "name"))
        if kind == "clearedAudio":
            return None  # we know
        return super()._event(value, kind)

    def _begin(self, value: dict[str, Any]) -> Started:
        body = fields.part_of(value, "start")
        form = fields.part_of(body, "mediaFormat", "start.")
        encoding, rate, format = _format(form)
        started = Started(
            call_id=fields.name_of(body, "callId", "start."),
            format=format,
            parameters=_headers_of(value),
        )
        self._stream = fields.name_of(body, "streamId", "start.")
        self._head = (
            f'{{"event":"playAudio","streamId":"{self._stream}",'
            f'"media":{{"contentType":"{encoding}","sampleRate":{rate},"payload":"'
        )
        return started


def _format(form: dict[str, Any]) -> tuple[str, int, AudioFormat]:
    where = "start.mediaFormat."
    encoding = fields.text_of(form, "encoding", where)
    rate = fields.number_of(form, "sampleRate", where)
    format = _FORMATS.get((encoding, rate))
    if format is None:
        raise TransportError(
            "expected audio/x-mulaw at 8000 Hz, or audio/x-l16 at 8000 or 16000 Hz; "
            f"got {encoding[:40]!r}, {rate} Hz: see contentType in the answer"
        )
    return encoding, rate, format


def _headers_of(value: dict[str, Any]) -> Mapping[str, str]:
    """What the answer's ``extraHeaders`` passed on: ``name=value;name=value``."""
    text = fields.text_of({"extra_headers": "", **value}, "extra_headers")
    named = {
        name.removeprefix("X-PH-"): unquote(value)
        for name, value in _HEADER.findall(text[: fields.MAX_PARAMETER])
    }
    return fields.parameters_of({"extra_headers": named}, "extra_headers", "")

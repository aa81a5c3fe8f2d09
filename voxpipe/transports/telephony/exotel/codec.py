"""Exotel's messages, without a socket: JSON, with raw 16-bit audio as base64.

Source: https://developer.exotel.com/docs/agentstream/stream-voicebot-applet
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from voxpipe.pipeline import AudioFormat, AudioFrame, TransportError
from voxpipe.transports.telephony.carrier import fields
from voxpipe.transports.telephony.carrier.codec import MAX_MESSAGE, Parsed
from voxpipe.transports.telephony.carrier.events import (
    Audio,
    Started,
    WireError,
)
from voxpipe.transports.telephony.carrier.json_codec import JsonCodec, audio_of
from voxpipe.transports.telephony.carrier.shape import Shape

RATES = (8_000, 16_000, 24_000)  # by ``?sample-rate=`` in the stream's URL
ENCODINGS = ("base64", "raw/slin", "linear16", "audio/x-l16", "slin", "l16", "")
"""What `media_format.encoding` was seen to say of the same thing, pages apart."""

STEP = 320  # bytes; "chunk size must be in multiples of 320 bytes"
LEAST = 3_200  # bytes; less "would cause audio distortion"
MOST = 96_000  # bytes, a multiple of both; more than 100 kB "would cause timeouts"

_USUAL_AUDIO = re.compile(
    r'\{"event":"media","sequence_number":"?\d{1,12}"?,'
    r'"stream_sid":"([\w.:-]{1,128})","media":\{"chunk":"?\d{1,12}"?,'
    r'"timestamp":"?(\d{1,12})"?,"payload":"([A-Za-z0-9+/=]*)"\}\}',
    re.ASCII,
).fullmatch


class ExotelCodec(JsonCodec):
    """The messages of one stream of Exotel's."""

    carrier = "Exotel"
    cure = "is it a Voicebot applet that streams here?"
    stream = "stream_sid"

    def parse(self, message: str | bytes, /) -> Parsed:
        """As `Codec.parse`."""
        if type(message) is str and len(message) <= MAX_MESSAGE:
            usual = _USUAL_AUDIO(message)
            if usual is not None and usual[1] == self._stream:
                return usual[3], int(usual[2])
        return super().parse(message)

    def shape(self, format: AudioFormat) -> Shape:
        """As `Codec.shape`."""
        return Shape(step=STEP, least=LEAST, most=MOST, gather=LEAST)

    def audio(self, frame: AudioFrame, mark: str | None) -> Sequence[str]:
        """As `Codec.audio`."""
        stream = self._stream
        audio = (
            f'{{"event":"media","stream_sid":"{stream}",'
            f'"media":{{"payload":"{frame.base64}"}}}}'
        )
        if mark is None:
            return (audio,)
        told = f'{{"event":"mark","stream_sid":"{stream}","mark":{{"name":"{mark}"}}}}'
        return audio, told

    def clear(self) -> Sequence[str]:
        """As `Codec.clear`."""
        return (f'{{"event":"clear","stream_sid":"{self._stream}"}}',)

    def _media(self, body: dict[str, Any]) -> Audio:
        return audio_of(body)  # without a track: it is the caller's always

    def _begin(self, value: dict[str, Any]) -> Started:
        body = fields.part_of(value, "start")
        # In some of its pages it stands beside `start` only, in others in it, too.
        named = {"stream_sid": value.get("stream_sid"), **body}
        stream = fields.name_of(named, "stream_sid", "start.")
        if value.get("stream_sid", stream) != stream:
            raise WireError("expected stream_sid and start.stream_sid to be the same")
        started = Started(
            call_id=fields.name_of(body, "call_sid", "start."),
            format=_format(fields.part_of(body, "media_format", "start.")),
            caller=fields.text_of({"from": "", **body}, "from", "start."),
            called=fields.text_of({"to": "", **body}, "to", "start."),
            parameters=fields.parameters_of(body, "custom_parameters", "start."),
        )
        self._stream = stream
        return started


def _format(form: dict[str, Any]) -> AudioFormat:
    where = "start.media_format."
    encoding = fields.text_of({"encoding": "", **form}, "encoding", where)
    rate = form.get("sample_rate")  # a number in one of its pages, a text in others
    if type(rate) is str and rate.isdecimal() and len(rate) < 7:
        rate = int(rate)
    rate = fields.number_of({"sample_rate": rate}, "sample_rate", where)
    if encoding.lower() not in ENCODINGS or rate not in RATES:
        raise TransportError(
            "expected raw 16-bit audio of 8000, 16000 or 24000 Hz, as Voicebot applets "
            f"stream; got {encoding[:40]!r}, {rate} Hz: see ?sample-rate= in the URL"
        )
    return AudioFormat("pcm16", rate)

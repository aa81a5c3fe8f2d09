"""Twilio's messages, without a socket: text to events, and orders to text.

Source: https://www.twilio.com/docs/voice/media-streams/websocket-messages

A caller's audio comes fifty times a second, so its way is short: a regular expression
of the message as Twilio writes it takes half the time of a JSON parser, which reads all
that is written otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from voxpipe.pipeline import AudioFormat, AudioFrame, TransportError
from voxpipe.transports.telephony.carrier import fields
from voxpipe.transports.telephony.carrier.codec import MAX_MESSAGE, Codec
from voxpipe.transports.telephony.carrier.events import (
    Audio,
    Digit,
    Event,
    Marked,
    Started,
    Stopped,
    Unknown,
    WireError,
)

FORMAT: Final = AudioFormat("ulaw", 8_000)  # the only one that Twilio streams

# The stream stands before or after the audio.
_USUAL_AUDIO = re.compile(
    r'\{"event":"media","sequenceNumber":"\d{1,12}",(?:"streamSid":"([\w.:-]{1,128})",)?'
    r'"media":\{"track":"inbound","chunk":"\d{1,12}","timestamp":"(\d{1,12})",'
    r'"payload":"([A-Za-z0-9+/=]*)"\}(?:,"streamSid":"([\w.:-]{1,128})")?\}',
    re.ASCII,
).fullmatch


class TwilioCodec(Codec):
    """The messages of one stream of Twilio's."""

    carrier = "Twilio"
    cure = "does the webhook answer with <Connect><Stream>?"

    def __init__(self) -> None:
        self._stream = ""  # until it has begun

    def parse(self, message: str | bytes, /) -> Audio | Event | None:
        """As `Codec.parse`."""
        if type(message) is str and len(message) <= MAX_MESSAGE:
            usual = _USUAL_AUDIO(message)
            if usual is not None:
                first, at, payload, last = usual.groups()
                if (last or first) == self._stream:
                    return payload, int(at)
        value = fields.parse_object(message)
        kind = value.get("event")
        if type(kind) is not str:
            raise fields.wrong("event", "a text", kind)
        if kind in ("connected", "start"):
            return self._begin(value, kind)
        if kind not in ("media", "dtmf", "mark", "stop"):
            return Unknown()
        stream = fields.text_of(value, "streamSid")
        event = _event(value, kind)
        if self._stream and stream != self._stream:
            raise WireError("expected a message of this stream, got one of another")
        return event

    def audio(self, frame: AudioFrame, mark: str | None) -> Sequence[str]:
        """As `Codec.audio`."""
        # Nothing here needs escaping: a stream's name was checked, base64 as well.
        stream = self._stream
        audio = (
            f'{{"event":"media","streamSid":"{stream}",'
            f'"media":{{"payload":"{frame.base64}"}}}}'
        )
        if mark is None:
            return (audio,)
        told = f'{{"event":"mark","streamSid":"{stream}","mark":{{"name":"{mark}"}}}}'
        return audio, told

    def clear(self) -> Sequence[str]:
        """As `Codec.clear`; the marks that are out come back at once."""
        return (f'{{"event":"clear","streamSid":"{self._stream}"}}',)

    def _begin(self, value: dict[str, Any], kind: str) -> Started | None:
        if self._stream:
            raise WireError("expected what happens in a call, got the start of another")
        if kind == "connected":
            return None
        body = fields.part_of(value, "start")
        form = fields.part_of(body, "mediaFormat", "start.")
        stream = fields.name_of(body, "streamSid", "start.")
        if value.get("streamSid", stream) != stream:
            raise WireError("expected streamSid and start.streamSid to be the same")
        started = Started(
            call_id=fields.name_of(body, "callSid", "start."),
            format=_format(form),
            parameters=fields.parameters_of(body, "customParameters", "start."),
        )
        self._stream = stream
        return started


def _format(form: dict[str, Any]) -> AudioFormat:
    where = "start.mediaFormat."
    encoding = fields.text_of(form, "encoding", where)
    rate = fields.number_of(form, "sampleRate", where)
    channels = fields.number_of(form, "channels", where)
    if (encoding, rate, channels) != ("audio/x-mulaw", 8_000, 1):
        raise TransportError(
            "expected audio/x-mulaw, 8000 Hz, mono, as Twilio streams; got "
            f"{encoding[:40]!r}, {rate} Hz, {channels} channels: is this another "
            "carrier?"
        )
    return FORMAT


def _event(value: dict[str, Any], kind: str) -> Audio | Event | None:
    if kind == "media":
        body = fields.part_of(value, "media")
        track = body.get("track")
        if track == "outbound":
            return None  # which is ourselves
        payload = fields.payload_of(body, "payload", "media.")
        if track != "inbound":
            raise WireError("expected media.track to be inbound, got another")
        return payload, fields.milliseconds_of(body, "timestamp")
    if kind == "dtmf":
        return Digit(fields.key_of(fields.part_of(value, "dtmf"), "digit", "dtmf."))
    if kind == "mark":
        return Marked(fields.text_of(fields.part_of(value, "mark"), "name", "mark."))
    return Stopped()

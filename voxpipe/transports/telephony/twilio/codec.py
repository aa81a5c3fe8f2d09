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
from voxpipe.transports.telephony.carrier.codec import MAX_MESSAGE, Parsed
from voxpipe.transports.telephony.carrier.events import (
    Started,
    WireError,
)
from voxpipe.transports.telephony.carrier.json_codec import JsonCodec

FORMAT: Final = AudioFormat("ulaw", 8_000)  # the only one that Twilio streams

# The stream stands before or after the audio.
_USUAL_AUDIO = re.compile(
    r'\{"event":"media","sequenceNumber":"\d{1,12}",(?:"streamSid":"([\w.:-]{1,128})",)?'
    r'"media":\{"track":"inbound","chunk":"\d{1,12}","timestamp":"(\d{1,12})",'
    r'"payload":"([A-Za-z0-9+/=]*)"\}(?:,"streamSid":"([\w.:-]{1,128})")?\}',
    re.ASCII,
).fullmatch


class TwilioCodec(JsonCodec):
    """The messages of one stream of Twilio's."""

    carrier = "Twilio"
    cure = "does the webhook answer with <Connect><Stream>?"
    stream = "streamSid"

    def parse(self, message: str | bytes, /) -> Parsed:
        """As `Codec.parse`."""
        if type(message) is str and len(message) <= MAX_MESSAGE:
            usual = _USUAL_AUDIO(message)
            if usual is not None:
                first, at, payload, last = usual.groups()
                if (last or first) == self._stream:
                    return payload, int(at)
        return super().parse(message)

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

    def _begin(self, value: dict[str, Any]) -> Started:
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

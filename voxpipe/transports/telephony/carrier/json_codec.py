"""Messages as Twilio was the first to have them, and others in their own spelling."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, ClassVar

from . import fields
from .codec import Codec, Parsed
from .events import Audio, Digit, Event, Marked, Started, Stopped, Unknown, WireError


class JsonCodec(Codec):
    """JSON objects, each with an ``event`` and the name of its stream.

    Attributes:
        stream: the field with that name.
        kinds: the events of a stream that has begun; others are left alone.
    """

    stream: ClassVar[str]
    kinds: ClassVar[Collection[str]] = ("media", "dtmf", "mark", "stop")

    def __init__(self) -> None:
        self._stream = ""  # until it has begun

    def parse(self, message: str | bytes, /) -> Parsed:
        """As `Codec.parse`."""
        value = fields.parse_object(message)
        kind = value.get("event")
        if type(kind) is not str:
            raise fields.wrong("event", "a text", kind)
        if kind in ("connected", "start"):
            if self._stream:
                raise WireError(
                    "expected what happens in a call, got the start of another"
                )
            return None if kind == "connected" else self._begin(value)
        if kind not in self.kinds:
            return self._other(value, kind)
        stream = fields.text_of(value, self.stream)
        if self._stream and stream != self._stream:
            raise WireError("expected a message of this stream, got one of another")
        return self._event(value, kind)

    def _begin(self, value: dict[str, Any]) -> Started:
        """It begins: from here on the name of the stream is known."""
        raise NotImplementedError

    def _other(self, value: dict[str, Any], kind: str) -> Event:
        return Unknown()

    def _event(self, value: dict[str, Any], kind: str) -> Parsed:
        if kind == "media":
            return self._media(fields.part_of(value, "media"))
        if kind == "dtmf":
            return Digit(fields.key_of(fields.part_of(value, "dtmf"), "digit", "dtmf."))
        if kind == "mark":
            mark = fields.part_of(value, "mark")
            return Marked(fields.text_of(mark, "name", "mark."))
        return Stopped()

    def _media(self, body: dict[str, Any]) -> Parsed:
        track = body.get("track")
        if track == "outbound":
            return None  # which is ourselves
        audio = audio_of(body)
        if track != "inbound":
            raise WireError("expected media.track to be inbound, got another")
        return self._inbound(body, audio)

    def _inbound(self, body: dict[str, Any], audio: Audio) -> Parsed:
        return audio


def audio_of(body: dict[str, Any]) -> Audio:
    """What is to be played of a ``media``."""
    payload = fields.payload_of(body, "payload", "media.")
    return payload, fields.milliseconds_of(body, "timestamp")

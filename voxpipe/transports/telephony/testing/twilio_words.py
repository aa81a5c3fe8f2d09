"""The messages that Twilio sends in one stream, and how it takes others.

Source: twilio.com/docs/voice/media-streams/websocket-messages.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar
from uuid import uuid4

from voxpipe.transports.telephony.twilio import TwilioCall

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

CONNECTED = '{"event":"connected","protocol":"Call","version":"1.0.0"}'

_FORMAT = {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1}


@dataclass(frozen=True, slots=True)
class Sids:
    """Twilio's names for the things of one call."""

    account: str
    call: str
    stream: str

    @classmethod
    def new(cls) -> Sids:
        """Names that nothing else has."""
        return cls(*(prefix + uuid4().hex for prefix in ("AC", "CA", "MZ")))


class TwilioWords(Words):
    """Twilio's messages in one stream.

    Args:
        sids: names of its own, unless given.
    """

    call: ClassVar = TwilioCall
    format = ULAW

    def __init__(self, sids: Sids | None = None) -> None:
        self.sids = sids or Sids.new()
        self.call_id = self.sids.call
        self._stream = f'"streamSid":"{self.sids.stream}"'
        self._sequence = 0

    def opening(self, parameters: Mapping[str, str]) -> Sequence[Message]:
        """As `Words.opening`: ``connected`` and ``start``."""
        return CONNECTED, self._start(parameters)

    def _start(self, parameters: Mapping[str, str]) -> str:
        sids = self.sids
        message = {
            "event": "start",
            "sequenceNumber": self._next(),
            "start": {
                "accountSid": sids.account,
                "streamSid": sids.stream,
                "callSid": sids.call,
                "tracks": ["inbound"],
                "mediaFormat": _FORMAT,
                "customParameters": dict(parameters),
            },
            "streamSid": sids.stream,
        }
        return json.dumps(message)

    def media(self, payload: str, chunk: int) -> str:
        """As `Words.media`."""
        return (
            f'{{"event":"media","sequenceNumber":"{self._next()}",'
            f'"media":{{"track":"inbound","chunk":"{chunk}",'
            f'"timestamp":"{(chunk - 1) * 20}","payload":"{payload}"}},{self._stream}}}'
        )

    def dtmf(self, key: str) -> str:
        """As `Words.dtmf`."""
        return (
            f'{{"event":"dtmf",{self._stream},"sequenceNumber":"{self._next()}",'
            f'"dtmf":{{"track":"inbound_track","digit":"{key}"}}}}'
        )

    def mark(self, name: str) -> str:
        """As `Words.mark`."""
        return (
            f'{{"event":"mark","sequenceNumber":"{self._next()}",{self._stream},'
            f'"mark":{{"name":{json.dumps(name)}}}}}'
        )

    def stop(self) -> Sequence[Message]:
        """As `Words.stop`."""
        return (
            f'{{"event":"stop","sequenceNumber":"{self._next()}",'
            f'"stop":{{"accountSid":"{self.sids.account}",'
            f'"callSid":"{self.sids.call}"}},{self._stream}}}',
        )

    def read(self, message: Message) -> Order:
        """As `Words.read`."""
        order = object_in(message)
        event = event_in(order, "media", "mark", "clear")
        if order.get("streamSid") != self.sids.stream:
            raise Broken("wrong stream", f"in a {event}")
        if event == "media":
            return audio_in(order)
        return mark_in(part_in(order, "mark")) if event == "mark" else Clear()

    def _next(self) -> str:
        self._sequence += 1
        return str(self._sequence)

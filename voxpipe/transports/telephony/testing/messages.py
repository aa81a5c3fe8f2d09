"""The messages that Twilio sends in one stream, numbered as it numbers them.

Source: twilio.com/docs/voice/media-streams/websocket-messages.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import uuid4

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


class StreamMessages:
    """Writes the messages of one stream, in the order in which they are sent."""

    __slots__ = ("_sequence", "_sids", "_stream")

    def __init__(self, sids: Sids) -> None:
        self._sids = sids
        self._stream = f'"streamSid":"{sids.stream}"'
        self._sequence = 0

    def start(self, parameters: Mapping[str, str]) -> str:
        """What the stream is; the first after ``connected``."""
        sids = self._sids
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
        """20 ms of the caller as base64; the first chunk of the stream is 1."""
        return (
            f'{{"event":"media","sequenceNumber":"{self._next()}",'
            f'"media":{{"track":"inbound","chunk":"{chunk}",'
            f'"timestamp":"{(chunk - 1) * 20}","payload":"{payload}"}},{self._stream}}}'
        )

    def dtmf(self, key: str) -> str:
        """A key was pressed."""
        return (
            f'{{"event":"dtmf",{self._stream},"sequenceNumber":"{self._next()}",'
            f'"dtmf":{{"track":"inbound_track","digit":"{key}"}}}}'
        )

    def mark(self, name: str) -> str:
        """What came before this mark was played, or cleared."""
        return (
            f'{{"event":"mark","sequenceNumber":"{self._next()}",{self._stream},'
            f'"mark":{{"name":{json.dumps(name)}}}}}'
        )

    def stop(self) -> str:
        """The call is over."""
        return (
            f'{{"event":"stop","sequenceNumber":"{self._next()}",'
            f'"stop":{{"accountSid":"{self._sids.account}",'
            f'"callSid":"{self._sids.call}"}},{self._stream}}}'
        )

    def _next(self) -> str:
        self._sequence += 1
        return str(self._sequence)

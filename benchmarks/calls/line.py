"""The wire of one call, as its carrier speaks it: Twilio's by hand, others' in words.

Source: https://www.twilio.com/docs/voice/media-streams/websocket-messages
"""

from __future__ import annotations

import asyncio
import json
import re
from base64 import b64encode
from binascii import a2b_base64
from collections.abc import Callable
from typing import Any

from voxpipe.pipeline import AudioFormat
from voxpipe.transports.telephony.testing import (
    ExotelWords,
    GenesysWords,
    PlivoWords,
    TelnyxWords,
    VonageWords,
    Words,
)
from voxpipe.transports.telephony.testing.words import Clear, Mark

from .caller import Caller
from .frames import (
    BINARY,
    CLOSE,
    NORMAL,
    PING,
    PONG,
    TEXT,
    Cutter,
    from_client,
    upgrade_request,
)
from .speech import Wire, caller_frames, quiet_frames
from .tally import Tally


def payloads(wire: Wire, *, noise: bool) -> tuple[list[bytes], list[bytes]]:
    """Frames of the caller's utterance and of silence, in base64."""
    frames, quiet = caller_frames(wire), quiet_frames(wire, noise=noise)
    return [b64encode(each) for each in frames], [b64encode(each) for each in quiet]


_PCM = AudioFormat("pcm16", 24_000)

WORDS: dict[str, Callable[[], Words] | None] = {
    "twilio": None,
    "telnyx": TelnyxWords,
    "plivo": PlivoWords,
    "vonage": lambda: VonageWords(_PCM),
    "exotel": lambda: ExotelWords(_PCM),
    "genesys": GenesysWords,
}
"""Whose streams there are, each in what goes straight through to the model."""

_AUDIO = re.compile(rb'"payload": ?"([^"]*)"').search  # others' payloads are objects


def wire_of(words: Words | None) -> Wire:
    """The audio of a carrier's stream."""
    return "ulaw" if words is None or words.format.encoding == "ulaw" else "pcm"


class Line(asyncio.Protocol):
    """A media stream, from its opening to its end.

    Args:
        number: of the call.
        host: of the server, with its port.
        path: of the stream.
        caller: who speaks and hears.
        tally: told if the line drops.
        words: of another carrier than Twilio.

    Attributes:
        upgraded: done when the stream is open.
        closed: done when it has ended.
    """

    def __init__(
        self,
        number: int,
        host: str,
        path: str,
        caller: Caller,
        tally: Tally,
        words: Words | None = None,
    ) -> None:
        self.caller = caller
        self._words = words
        self._sid = f"MZ{number:032x}"
        self._call = f"CA{number:032x}"
        self._request = upgrade_request(host, path)
        self._tally = tally
        self._cutter = Cutter()
        self._head = b""
        self._transport: Any = None
        self._ticks = self._sent = 0
        self._open = self._hanging_up = False
        self._media = (
            f'"streamSid":"{self._sid}","media":{{"track":"inbound","chunk":"'.encode()
        )
        loop = asyncio.get_running_loop()
        self._loop = loop
        self.upgraded: asyncio.Future[None] = loop.create_future()
        self.closed: asyncio.Future[None] = loop.create_future()

    # --- the caller's side

    def tick(self, now: float) -> None:
        """20 ms have passed."""
        if not self._open or self._hanging_up:
            return
        self._ticks += 1
        caller = self.caller
        if not caller.talks and self._ticks % 50:
            return  # a line on hold is kept alive, no more
        payload = caller.frame(now)
        self._sent += 1
        if self._words is not None:
            self._say(self._words.media(payload.decode("ascii"), self._sent))
            for name in caller.buffer.reached(now):
                self._say(self._words.mark(name))
            for each in self._words.plays(caller.buffer.dry_at > now):
                self._say(each)
            return
        self._write(
            b'{"event":"media","sequenceNumber":"%d",%b%d","timestamp":"%d","payload":'
            b'"%b"}}'
            % (self._sent + 1, self._media, self._sent, self._ticks * 20, payload)
        )
        for name in caller.buffer.reached(now):
            self._tell("mark", mark={"name": name})

    def hang_up(self) -> None:
        """End the call as a caller does."""
        if self._hanging_up or self.closed.done():
            return
        self._hanging_up = True
        if self._words is not None:
            for each in self._words.stop():
                self._say(each)
            self._transport.write(from_client(NORMAL, CLOSE))
            return
        self._tell("stop", stop={"accountSid": "AC0", "callSid": self._call})
        self._transport.write(from_client(NORMAL, CLOSE))

    def _say(self, message: str | bytes) -> None:
        if isinstance(message, str):
            self._write(message.encode())
        else:
            self._transport.write(from_client(message, BINARY))

    def _start(self) -> None:
        if self._words is not None:
            for each in self._words.opening({}):
                self._say(each)
            self._open = True
            return
        self._write(b'{"event":"connected","protocol":"Call","version":"1.0.0"}')
        self._tell(
            "start",
            sequenceNumber="1",
            start={
                "streamSid": self._sid,
                "accountSid": "AC0",
                "callSid": self._call,
                "tracks": ["inbound"],
                "customParameters": {},
                "mediaFormat": {
                    "encoding": "audio/x-mulaw",
                    "sampleRate": 8000,
                    "channels": 1,
                },
            },
        )
        self._open = True

    def _tell(self, event: str, **fields: object) -> None:
        message = {"event": event, "streamSid": self._sid, **fields}
        self._write(json.dumps(message, separators=(",", ":")).encode())

    def _write(self, message: bytes) -> None:
        self._transport.write(from_client(message))

    # --- the server's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        if not self._open:
            self._head += data
            head, end, data = self._head.partition(b"\r\n\r\n")
            if not end:
                return
            if b" 101 " not in head.split(b"\r\n", 1)[0]:
                self._transport.abort()
                return
            self._start()
            self.upgraded.set_result(None)
        now = self._loop.time()
        for opcode, payload in self._cutter.feed(data):
            if opcode == TEXT:
                self._take(payload, now)
            elif opcode == BINARY:
                self.caller.media(payload, now)
            elif opcode == PING:
                self._transport.write(from_client(payload, PONG))
            elif opcode == CLOSE:
                if not self._hanging_up:
                    self._transport.write(from_client(NORMAL, CLOSE))
                self._transport.close()

    def _take(self, message: bytes, now: float) -> None:
        audio = _AUDIO(message)
        if audio is not None:
            self.caller.media(a2b_base64(audio[1]), now)
            return
        if self._words is not None:
            order = self._words.read(message.decode())
            if isinstance(order, Mark):
                self.caller.buffer.mark(order.name, now)
            elif isinstance(order, Clear):
                if not self._words.marks_cleared:
                    self.caller.buffer.forget_marks()
                self.caller.clear(now)
                for each in self._words.cleared():
                    self._say(each)
            return
        told = json.loads(message)
        if told["event"] == "mark":
            self.caller.buffer.mark(told["mark"]["name"], now)
        elif told["event"] == "clear":
            self.caller.clear(now)

    def connection_lost(self, exc: Exception | None) -> None:
        self._open = False
        if not self._hanging_up:
            self._tally.faults["dropped"] += 1
        if not self.upgraded.done():
            self.upgraded.set_exception(ConnectionError("the stream was refused"))
        if not self.closed.done():
            self.closed.set_result(None)

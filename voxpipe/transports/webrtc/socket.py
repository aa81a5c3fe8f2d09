"""A page's connection over WebRTC, as the `Socket` that a call by a browser has.

To the call it is a WebSocket with the same messages. Behind it audio goes as Opus over
RTP, and all else over the data channel as it is. What the page of a WebSocket counts by
itself this one is told: which sample of which reply left when (``playing``), on the
clock that a browser gives back with what it plays (``estimatedPlayoutTimestamp``).
"""

from __future__ import annotations

import json
import logging
import struct
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from anyio import BrokenResourceError, EndOfStream, Event, move_on_after

from voxpipe.pipeline.runtime.wakeup import Wakeup

if TYPE_CHECKING:
    from voxpipe.webrtc.peer import Peer

PACKET = 0.02  # seconds that leave at once
MAX_MESSAGE = 65_536  # characters; as over a WebSocket
MAX_WAITING = 256  # messages that the call has not read: then the page is let go
MAX_AUDIO = 50  # packets, a second: older sound goes, and is reported as missing
FULL = 262_144  # bytes that the page has not taken, until the call waits
CLOSE_TIMEOUT = 1.0  # seconds that the page has to read the last word, and to go

BYE = '{"type":"bye"}'

_BEFORE = struct.Struct("<I")
_REPLY = struct.Struct("<II")

logger = logging.getLogger(__name__)


class PeerSocket:
    """A `Socket`, and a `QuickSocket`; and the listener of its peer.

    Args:
        rate: samples per second of 16-bit audio, both ways.

    Attributes:
        peer: to be set before anything comes.
        gone: the other side is.
    """

    def __init__(self, rate: int) -> None:
        self.peer: Peer | None = None
        self.gone = Event()
        self._rate = rate
        self._opened = Event()
        self._is_over = False
        self._messages: deque[str] = deque()  # at most `MAX_WAITING`
        self._audio: deque[bytes] = deque(maxlen=MAX_AUDIO)
        self._has_come = Wakeup()
        self._has_room = Wakeup()
        self._quick: Callable[[str | bytes], bool] | None = None
        self._out = _Outgoing(rate, self._tell)
        self._has_begun = False  # the page has said something
        self._has_told = False  # of messages that are none

    # --- as `Socket`

    async def receive(self) -> str | bytes:
        """As `Socket.receive`."""
        while True:
            if self._is_over:
                raise EndOfStream
            if self._messages:
                return self._messages.popleft()
            if self._audio:
                return self._audio.popleft()
            await self._has_come.wait()

    async def send(self, message: str | bytes, /) -> None:
        """As `Socket.send`."""
        if isinstance(message, bytes):
            if self._is_over:
                raise BrokenResourceError
            self._out.add(message)
            return
        if is_clear(message):
            self._out.clear()
        peer = self.peer
        while peer is not None and not self._is_over and peer.waiting > FULL:
            await self._has_room.wait()
        if self._is_over or peer is None or not peer.send(message):
            raise BrokenResourceError

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """As `Socket.close`; waits a second for the page to have read the last word."""
        if not self._is_over:
            self._end()
            if code == 1000 and not self.gone.is_set():
                with move_on_after(CLOSE_TIMEOUT, shield=True):
                    await self.gone.wait()
        self.gone.set()

    def take_at_once(self, function: Callable[[str | bytes], bool] | None) -> None:
        """As `QuickSocket.take_at_once`."""
        self._quick = function

    # --- as `PeerListener`

    def sound(self) -> bytes:
        """The next 20 ms for the loudspeaker."""
        return self._out.packet(0 if self.peer is None else self.peer.now)

    def heard(self, pcm: bytes, before: int) -> None:
        """The microphone; before the page has said hello it is nobody's."""
        if not self._has_begun:
            return
        self._put(_BEFORE.pack(before & 0xFFFFFFFF) + pcm)

    def opened(self) -> None:
        """There is a data channel."""
        self._opened.set()

    def said(self, message: str | bytes) -> None:
        """The page has sent something over the data channel."""
        self._has_begun = True
        if isinstance(message, bytes):
            if not self._has_told:
                self._has_told = True
                logger.warning(
                    "expected text over the data channel, got bytes: dropped"
                )
        elif len(message) > MAX_MESSAGE or len(self._messages) >= MAX_WAITING:
            logger.warning(
                "expected messages of at most %d characters, and no more than %d at a "
                "time: the page is let go",
                MAX_MESSAGE,
                MAX_WAITING,
            )
            self.over()
        else:
            self._put(message)

    def drained(self) -> None:
        """There is room for more messages."""
        self._has_room.set()

    def over(self) -> None:
        """The page is gone."""
        self._end()
        self._opened.set()
        self.gone.set()

    # --- and for the endpoint

    async def is_open(self) -> bool:
        """Wait for the data channel; whether it has come."""
        await self._opened.wait()
        return not self._is_over

    def _put(self, message: str | bytes) -> None:
        if self._is_over:
            return
        is_first = not self._messages and not self._audio
        if self._quick is not None and is_first and self._quick(message):
            return
        if isinstance(message, str):
            self._messages.append(message)
        else:
            self._audio.append(message)
        self._has_come.set()

    def _tell(self, message: str) -> None:
        if self.peer is not None and self.peer.waiting <= FULL:
            self.peer.send(message)

    def _end(self) -> None:
        self._is_over = True
        self._quick = None
        self._out.clear()
        self._has_come.set()
        self._has_room.set()


class _Outgoing:
    """What is to be played: a queue of our own, so that it can be forgotten.

    The call writes it at the pace of speech, some 0.2 s ahead. Only what left it is out
    of our hands: what is on its way, and in the jitter buffer of the page.
    """

    def __init__(self, rate: int, tell: Callable[[str], object]) -> None:
        self._size = int(rate * PACKET) * 2
        self._per_ms = rate * 2 / 1000  # bytes
        self._tell = tell
        self._pieces: deque[tuple[int, int, bytes]] = deque()  # reply, byte, audio
        self._at = 0  # bytes of the first that have left
        self._playing = (0, 0)  # the reply that leaves, and its next byte

    def add(self, message: bytes) -> None:
        """Take a message of audio, as a WebSocket would carry it."""
        reply, before = _REPLY.unpack_from(message)
        self._pieces.append((reply, before * 2, message[_REPLY.size :]))

    def clear(self) -> None:
        """Forget what has not left."""
        self._pieces.clear()
        self._at = 0

    def packet(self, now: float) -> bytes:
        """The next 20 ms, or what there is of them; ``now`` in milliseconds."""
        packet = bytearray()
        while self._pieces and len(packet) < self._size:
            reply, start, data = self._pieces[0]
            part = data[self._at : self._at + self._size - len(packet)]
            self._note(reply, start + self._at, now + len(packet) / self._per_ms)
            packet += part
            self._at += len(part)
            self._playing = (reply, start + self._at)
            if self._at >= len(data):
                self._pieces.popleft()
                self._at = 0
        if len(packet) < self._size:
            self._note(0, 0, now + len(packet) / self._per_ms)
        return bytes(packet)

    def _note(self, reply: int, byte: int, at: float) -> None:
        """Say what leaves, where that does not follow from what was said before."""
        if (reply, byte) != self._playing and (reply or self._playing[0]):
            ms = byte / self._per_ms
            self._tell(playing(reply, ms, at))
        self._playing = (reply, byte)


def playing(reply: int, ms: float, at: float) -> str:
    """What leaves from now on: the milliseconds of a reply, or silence (0), and when.

    Args:
        reply: its number.
        ms: from its start.
        at: `Peer.now` of then.
    """
    told = {"type": "playing", "reply": reply, "ms": round(ms, 2), "at": round(at, 2)}
    return json.dumps(told)


def is_clear(message: str) -> bool:
    """Whether a message tells the page to forget what it has not played."""
    return len(message) < 64 and json.loads(message).get("type") == "clear"

"""What we send: 20 ms of audio, or a key, in each tick. No I/O.

Silence is sent like speech. Trunks and the proxies before them take a line on which
no packet comes for dead, and address translators forget it; so packets stop for
nothing but a hold.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from random import Random
from typing import Final

from .events import Event, presses
from .law import FORMATS, RATE, TICK, Law, translation
from .packet import RtpPacket

PAYLOAD_TYPES: Final[dict[Law, int]] = {"ulaw": 0, "alaw": 8}  # RFC 3551, table 4


class Outgoing:
    """One stream, of one SSRC.

    Args:
        law: of what is said; a peer that takes the other one gets it translated.
        random: where RFC 3550 has numbers drawn by chance (5.1).

    Attributes:
        ssrc: ours.
        timestamp: of the next tick.
        packets: sent so far.
        octets: of payload.
    """

    def __init__(self, law: Law, random: Random) -> None:
        self._law: Law = law
        self._silence = FORMATS[law].silence(1 / RATE)
        self.ssrc = random.getrandbits(32)
        self.timestamp = random.getrandbits(32)
        self.packets = self.octets = 0
        self._sequence = random.getrandbits(16)
        self._waiting: deque[bytes | str] = deque()  # codes, and keys
        self._key: Iterator[tuple[bool, Event] | None] | None = None  # that is pressed
        self._key_began = 0  # its timestamp
        self._is_new = True  # the next packet is the first after a pause

    @property
    def waiting(self) -> int:
        """Bytes that are not sent yet."""
        return sum(len(each) for each in self._waiting if isinstance(each, bytes))

    def say(self, codes: bytes) -> None:
        """Send these after what waits; `clear` is what bounds it, and who writes."""
        self._waiting.append(codes)

    def press(self, digit: str) -> None:
        """Send a key after what waits, in the place of what is said next (200 ms)."""
        self._waiting.append(digit)

    def clear(self) -> None:
        """Forget what waits to be said; keys are pressed all the same."""
        keys = [each for each in self._waiting if isinstance(each, str)]
        self._waiting.clear()
        self._waiting.extend(keys)

    def skip(self, ticks: int = 1) -> None:
        """Time goes by in which nothing is sent."""
        self.timestamp = self.timestamp + ticks * TICK & 0xFFFF_FFFF
        self._is_new = True

    def next(self, law: Law, events: int | None) -> RtpPacket:
        """The packet of this tick.

        Args:
            law: that the peer takes.
            events: the payload type of keys; ``None`` if it takes none, and those that
                wait are given up.
        """
        pressed, codes = self._next_press(events), self._codes()
        if pressed is not None and events is not None:
            marker, event = pressed
            kind, timestamp, payload = events, self._key_began, event.pack()
        else:
            kind, timestamp, payload = PAYLOAD_TYPES[law], self.timestamp, codes
            if law != self._law:
                payload = codes.translate(translation(self._law, law))
            marker, self._is_new = self._is_new, False
        packet = RtpPacket(
            kind, self._sequence, timestamp, self.ssrc, payload, marker=marker
        )
        self._sequence = self._sequence + 1 & 0xFFFF
        self.timestamp = self.timestamp + TICK & 0xFFFF_FFFF
        self.packets += 1
        self.octets += len(payload)
        return packet

    def _next_press(self, events: int | None) -> tuple[bool, Event] | None:
        waiting = self._waiting
        if events is None:
            self._key = None
            while waiting and isinstance(waiting[0], str):
                waiting.popleft()
            return None
        if self._key is None and waiting and isinstance(digit := waiting[0], str):
            waiting.popleft()
            self._key, self._key_began = presses(digit), self.timestamp
        if self._key is None:
            return None
        for press in self._key:
            return press
        self._key = None
        return self._next_press(events)

    def _codes(self) -> bytes:
        codes = b""
        while len(codes) < TICK and self._waiting:
            head, room = self._waiting[0], TICK - len(codes)
            if isinstance(head, str):
                break
            codes += head[:room]
            if len(head) > room:
                self._waiting[0] = head[room:]
            else:
                self._waiting.popleft()
        return codes.ljust(TICK, self._silence)  # the end of a reply is rarely whole

"""Telephone keys as packets of their own: RFC 4733, in both directions. No I/O.

A key is a row of packets with one timestamp, that of its beginning, which say how long
it has been pressed so far; the last is sent three times. So any of them may be lost,
and the first that comes is the key.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from .law import TICK
from .packet import RtpError, RtpPacket, ahead_32

DIGITS: Final = "0123456789*#ABCD"  # RFC 4733, table 3: their codes
VOLUME: Final = 10  # -dBm0, as our tones have
ENDS: Final = 3  # RFC 4733, 2.5.1.4
PRESSED: Final = 5 * TICK  # samples: 100 ms, as our tones last
GAP: Final = 5  # ticks of nothing after a key, in which the ends go out

_EVENT: Final = struct.Struct("!BBH")
_END, _VOLUME = 0x80, 0x3F


@dataclass(frozen=True, slots=True)
class Event:
    """What one such packet says.

    Attributes:
        code: which key, or another event.
        is_end: it is over.
        volume: of the tone, below 0 dBm0.
        duration: samples since its beginning.
    """

    code: int = field(repr=False)  # it may be of a PIN
    is_end: bool
    volume: int
    duration: int

    def pack(self) -> bytes:
        """As a payload."""
        flags = self.volume & _VOLUME | (_END if self.is_end else 0)
        return _EVENT.pack(self.code, flags, self.duration)


def parse_event(payload: bytes) -> Event:
    """The event in a payload.

    Raises:
        RtpError: it is too short.
    """
    if len(payload) < _EVENT.size:
        raise RtpError(
            f"expected a telephone event of {_EVENT.size} bytes, got {len(payload)}"
        )
    code, flags, duration = _EVENT.unpack_from(payload)
    return Event(code, bool(flags & _END), flags & _VOLUME, duration)


def presses(digit: str) -> Iterator[tuple[bool, Event] | None]:
    """What to send in each tick of a key, with the marker; ``None`` is nothing."""
    code = DIGITS.index(digit)
    for duration in range(TICK, PRESSED + 1, TICK):
        yield (
            duration == TICK,
            Event(code, is_end=False, volume=VOLUME, duration=duration),
        )
    for _ in range(ENDS):
        yield False, Event(code, is_end=True, volume=VOLUME, duration=PRESSED)
    for _ in range(GAP - ENDS):
        yield None


class Presses:
    """Finds the keys in the packets that come, each once."""

    def __init__(self) -> None:
        self._begin: int | None = None  # of the last one
        self._code: int = -1
        self._until = 0  # how long it was pressed, at least; as a timestamp

    def feed(self, packet: RtpPacket) -> str | None:
        """The key that this packet begins, if it does.

        Raises:
            RtpError: its payload is none.
        """
        event = parse_event(packet.payload)
        until = packet.timestamp + event.duration & 0xFFFF_FFFF
        if self._begin is not None:
            ahead = ahead_32(packet.timestamp, self._begin)
            if ahead < 0:
                return None  # of one before it, and late
            if ahead == 0:
                if ahead_32(until, self._until) > 0:
                    self._until = until
                return None
            # A key held for more than 8 s goes on as another event (RFC 4733, 2.5.1.3).
            goes_on: bool = packet.timestamp == self._until
            goes_on = goes_on and event.code == self._code
            self._begin, self._until = packet.timestamp, until
            if goes_on and not packet.marker:
                return None
        self._begin, self._code, self._until = packet.timestamp, event.code, until
        return DIGITS[event.code] if event.code < len(DIGITS) else None

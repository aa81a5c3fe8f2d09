"""Frames of RFC 6455 as bytes and back, without a library: also wrong ones."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import NamedTuple

CONT, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA
_MASK = b"\x12\x34\x56\x78"


class Frame(NamedTuple):
    """One frame.

    Attributes:
        opcode: its kind; four bits.
        data: its payload.
        fin: the last one of its message.
        rsv: the three bits that are reserved for extensions.
        amiss: it is masked where it must not be, and not where it must.
        length: what its head says of the payload, if not the truth.
    """

    opcode: int
    data: bytes = b""
    fin: bool = True
    rsv: int = 0
    amiss: bool = False
    length: int | None = None

    def wire(self, masked: bool) -> bytes:
        """It as bytes; ``masked`` as clients send it."""
        masked = masked != self.amiss
        size = len(self.data) if self.length is None else self.length
        bit = masked << 7
        if size < 126:
            length = bytes([bit | size])
        elif size < 1 << 16:
            length = bytes([bit | 126]) + size.to_bytes(2, "big")
        else:
            length = bytes([bit | 127]) + size.to_bytes(8, "big")
        head = bytes([self.fin << 7 | self.rsv << 4 | self.opcode]) + length
        return head + (_MASK + _masked(self.data) if masked else self.data)


def _masked(data: bytes, mask: bytes = _MASK) -> bytes:
    stream = mask * (len(data) // 4 + 1)
    width = len(data)
    number = int.from_bytes(data, "big") ^ int.from_bytes(stream[:width], "big")
    return number.to_bytes(width, "big")


def read(data: bytes, masked: bool) -> Iterator[Frame]:
    """The frames in what a side has sent; it masks them if, and only if, it is to."""
    at = 0
    while at < len(data):
        first, second = data[at], data[at + 1]
        assert second >> 7 == masked, "masked, or not, against the rule"
        size, at = second & 127, at + 2
        if size > 125:
            width = 2 if size == 126 else 8
            size, at = int.from_bytes(data[at : at + width], "big"), at + width
        payload = data[at + 4 * masked : at + 4 * masked + size]
        assert len(payload) == size, "half of a frame"
        if masked:
            payload = _masked(payload, data[at : at + 4])
        at += 4 * masked + size
        yield Frame(first & 15, payload, bool(first >> 7), first >> 4 & 7)


def event(name: str, size: int = 0) -> bytes:
    """A message that each side tells by ``name`` when it has read it.

    JSON, since the simulator reads nothing else; ``size`` bytes, if that is more.
    """
    return around(name.encode()).ljust(size)


def around(name: bytes) -> bytes:
    """The same with any bytes for its name."""
    return b'{"type": "none", "event_id": "' + name + b'"}'


def name_in(message: str | bytes) -> str | None:
    """The name in such a message; ``None`` in any other."""
    try:
        name: str | None = json.loads(message)["event_id"]
    except ValueError:
        return None
    return name


def pieces(data: bytes, *cuts: int, opcode: int = TEXT) -> list[Frame]:
    """A message in as many frames as it is cut into."""
    edges = [0, *cuts, len(data)]
    last = len(edges) - 2
    return [
        Frame(CONT if at else opcode, data[edges[at] : edges[at + 1]], at == last)
        for at in range(last + 1)
    ]


def goodbye(code: int, reason: bytes = b"") -> Frame:
    """A close frame, whether or not such a code may be sent."""
    return Frame(CLOSE, code.to_bytes(2, "big") + reason)

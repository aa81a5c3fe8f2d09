"""RTP packets, read and written: RFC 3550, section 5. No I/O."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import Final

from voxpipe.pipeline import TransportError

MAX_PACKET: Final = 1_500  # bytes; an Ethernet frame, and 10 times what 20 ms take

_HEADER: Final = struct.Struct("!BBHII")
_EXTENSION: Final = struct.Struct("!HH")
_VERSION: Final = 2 << 6
_PADDING, _EXTENDED, _MARKER = 0x20, 0x10, 0x80


class RtpError(TransportError):
    """Bytes that are no RTP packet; says what was expected and what came."""


@dataclass(frozen=True, slots=True)
class RtpPacket:
    """One packet.

    Attributes:
        payload_type: which codec, as agreed; 0 to 127.
        sequence: one more for each packet, modulo 2^16.
        timestamp: of the first sample, in samples, modulo 2^32.
        ssrc: who sends: a number drawn by chance.
        payload: without the padding.
        marker: the first packet after a silence, or of a key.
        csrcs: whose sound was mixed into it; at most 15.
        extension: a kind, and a whole number of words of 4 bytes.
    """

    payload_type: int
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes = field(repr=False)
    marker: bool = False
    csrcs: tuple[int, ...] = ()
    extension: tuple[int, bytes] | None = None

    def pack(self) -> bytes:
        """As it goes over the wire.

        Raises:
            RtpError: a field does not fit.
        """
        if self.payload_type > 127 or len(self.csrcs) > 15:
            raise RtpError("a payload type is below 128, and there are 15 CSRCs")
        first = _VERSION | len(self.csrcs) | (_EXTENDED if self.extension else 0)
        second = self.payload_type | (_MARKER if self.marker else 0)
        try:
            data = _HEADER.pack(first, second, self.sequence, self.timestamp, self.ssrc)
            if self.csrcs:
                data += struct.pack(f"!{len(self.csrcs)}I", *self.csrcs)
            if self.extension is not None:
                kind, words = self.extension
                if len(words) % 4:
                    raise RtpError("an RTP extension is a whole number of words")
                data += _EXTENSION.pack(kind, len(words) // 4) + words
        except struct.error as error:
            raise RtpError(f"a field does not fit into RTP's header: {error}") from None
        return data + self.payload


def parse(data: bytes) -> RtpPacket:
    """What one datagram holds.

    Raises:
        RtpError: no RTP of version 2, or torn.
    """
    size = len(data)
    if not _HEADER.size <= size <= MAX_PACKET:
        raise RtpError(
            f"expected RTP of {_HEADER.size} to {MAX_PACKET} bytes, got {size}"
        )
    first, second, sequence, timestamp, ssrc = _HEADER.unpack_from(data)
    if first & 0xC0 != _VERSION:
        raise RtpError(f"expected RTP version 2, got version {first >> 6}")
    begin, end = _HEADER.size, size
    csrcs: tuple[int, ...] = ()
    count = first & 0x0F
    if count:
        if begin + 4 * count > end:
            raise RtpError(f"expected {count} CSRCs, got the end of the packet")
        csrcs = struct.unpack_from(f"!{count}I", data, begin)
        begin += 4 * count
    extension = None
    if first & _EXTENDED:
        if begin + 4 > end:
            raise RtpError("expected an RTP extension, got the end of the packet")
        kind, words = _EXTENSION.unpack_from(data, begin)
        begin += 4
        if begin + 4 * words > end:
            raise RtpError(
                f"expected an RTP extension of {words} words, got the end of the packet"
            )
        extension = kind, data[begin : begin + 4 * words]
        begin += 4 * words
    if first & _PADDING:
        padding = data[-1]
        if not 0 < padding <= end - begin:
            raise RtpError(
                f"expected RTP padding of 1 to {end - begin} bytes, got {padding}"
            )
        end -= padding
    return RtpPacket(
        second & 0x7F,
        sequence,
        timestamp,
        ssrc,
        data[begin:end],
        bool(second & _MARKER),
        csrcs,
        extension,
    )


def ahead_16(after: int, before: int) -> int:
    """How far one sequence number is ahead of another, -32,768 to 32,767."""
    return (after - before + 0x8000 & 0xFFFF) - 0x8000


def ahead_32(after: int, before: int) -> int:
    """The same of timestamps, -2^31 to 2^31 - 1."""
    return (after - before + 0x8000_0000 & 0xFFFF_FFFF) - 0x8000_0000

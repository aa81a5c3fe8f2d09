"""RTCP packets, read and written: RFC 3550, section 6. No I/O."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from voxpipe.pipeline import TransportError

SR, RR, SDES, BYE = 200, 201, 202, 203
KINDS: Final = range(200, 208)  # those, APP (204), feedback and extended reports
CNAME: Final = 1
MAX_PACKET: Final = 1_500  # bytes

_HEAD: Final = struct.Struct("!BBH")
_SENDER: Final = struct.Struct("!IQIII")
_BLOCK: Final = struct.Struct("!IIIIII")
_VERSION: Final = 2 << 6
_PADDING, _COUNT = 0x20, 0x1F


class RtcpError(TransportError):
    """Bytes that are no RTCP; says what was expected and what came."""


@dataclass(frozen=True, slots=True)
class Block:
    """What a receiver tells one of those whom it hears.

    Attributes:
        ssrc: whom.
        fraction: of its packets lost since the last report, in 256ths.
        lost: packets lost since the beginning; negative if some came twice.
        highest: sequence number received, and above it how often they began anew.
        jitter: of arrival, in samples.
        last_report: the middle 32 bits of the clock in its last sender report, or 0.
        since_report: how long ago that came, in 65,536ths of a second.
    """

    ssrc: int
    fraction: int = 0
    lost: int = 0
    highest: int = 0
    jitter: int = 0
    last_report: int = 0
    since_report: int = 0


@dataclass(frozen=True, slots=True)
class Report:
    """A receiver's report; a sender's, if it says what was sent.

    Attributes:
        ssrc: who reports.
        blocks: at most 31.
        sent: by a sender.
    """

    ssrc: int
    blocks: tuple[Block, ...] = ()
    sent: Sent | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    """What a sender says of itself.

    Attributes:
        clock: seconds and 2^32nds of one.
        timestamp: of its audio at that moment.
        packets: sent so far.
        octets: of payload.
    """

    clock: int
    timestamp: int
    packets: int
    octets: int


@dataclass(frozen=True, slots=True)
class Bye:
    """These are gone."""

    ssrcs: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """The name of one that sends, the same over all its streams."""

    ssrc: int
    cname: bytes


Control = Report | Bye | Source


def pack(items: Sequence[Control]) -> bytes:
    """A compound packet; begins with a report, as it must.

    Raises:
        RtcpError: a field does not fit.
    """
    try:
        return b"".join(_packed(item) for item in items)
    except struct.error as error:
        raise RtcpError(f"a field does not fit into RTCP: {error}") from None


def _packed(item: Control) -> bytes:
    match item:
        case Report(ssrc, blocks, sent):
            body = struct.pack("!I", ssrc)
            if sent is not None:
                body = _SENDER.pack(
                    ssrc, sent.clock, sent.timestamp, sent.packets, sent.octets
                )
            body += b"".join(_packed_block(block) for block in blocks)
            return _framed(RR if sent is None else SR, len(blocks), body)
        case Bye(ssrcs):
            return _framed(BYE, len(ssrcs), struct.pack(f"!{len(ssrcs)}I", *ssrcs))
        case Source(ssrc, cname):
            name = struct.pack("!IBB", ssrc, CNAME, len(cname)) + cname
            # Ends with a zero, and on a word.
            return _framed(SDES, 1, name + bytes(4 - len(name) % 4))


def _packed_block(block: Block) -> bytes:
    lost = min(max(block.lost, -0x80_0000), 0x7F_FFFF) & 0xFF_FFFF
    return _BLOCK.pack(
        block.ssrc,
        block.fraction << 24 | lost,
        block.highest,
        block.jitter,
        block.last_report,
        block.since_report,
    )


def _framed(kind: int, count: int, body: bytes) -> bytes:
    if count > _COUNT:
        raise RtcpError(f"an RTCP packet tells of at most {_COUNT}, not {count}")
    return _HEAD.pack(_VERSION | count, kind, len(body) // 4) + body


def parse(data: bytes) -> tuple[Control, ...]:
    """What one datagram holds; kinds that are not known are passed over.

    Raises:
        RtcpError: no RTCP of version 2, or torn.
    """
    if len(data) > MAX_PACKET:
        raise RtcpError(f"expected RTCP of at most {MAX_PACKET} bytes, got {len(data)}")
    found: list[Control] = []
    at = 0
    while at < len(data) or not at:
        if len(data) - at < 8 - 4 * bool(at):
            raise RtcpError("expected an RTCP packet, got the end of the datagram")
        first, kind, words = _HEAD.unpack_from(data, at)
        end = at + 4 + 4 * words
        if first & 0xC0 != _VERSION:
            raise RtcpError(f"expected RTCP version 2, got version {first >> 6}")
        if not at and kind not in KINDS:  # any may be the first (RFC 5506)
            raise RtcpError(f"expected RTCP of kind 200 to 207, got kind {kind}")
        if end > len(data):
            raise RtcpError(
                f"expected an RTCP packet of {words} words, got the end of the datagram"
            )
        body = data[at + 4 : end]
        if first & _PADDING:
            if end != len(data) or not body or not 0 < body[-1] <= len(body):
                raise RtcpError("RTCP is padded at its end, by a whole word or more")
            body = body[: -body[-1]]
        found += _items(kind, first & _COUNT, body)
        at = end
    return tuple(found)


def _items(kind: int, count: int, body: bytes) -> Iterator[Control]:
    try:
        if kind in (SR, RR):
            yield _report(kind, count, body)
        elif kind == BYE:
            yield Bye(struct.unpack_from(f"!{count}I", body))
        elif kind == SDES:
            yield from _sources(count, body)
    except (struct.error, IndexError):
        raise RtcpError(
            f"expected {count} entries in RTCP of kind {kind}, got its end"
        ) from None


def _report(kind: int, count: int, body: bytes) -> Report:
    sent = None
    (ssrc,) = struct.unpack_from("!I", body)
    at = 4
    if kind == SR:
        _, clock, timestamp, packets, octets = _SENDER.unpack_from(body)
        sent = Sent(clock, timestamp, packets, octets)
        at = _SENDER.size
    blocks: list[Block] = []
    for _ in range(count):
        about, losses, *rest = _BLOCK.unpack_from(body, at)
        at += _BLOCK.size
        lost = losses & 0xFF_FFFF
        lost -= (lost & 0x80_0000) << 1
        blocks.append(Block(about, losses >> 24, lost, *rest))
    return Report(ssrc, tuple(blocks), sent)


def _sources(count: int, body: bytes) -> Iterator[Source]:
    at = 0
    for _ in range(count):
        (ssrc,) = struct.unpack_from("!I", body, at)
        at += 4
        while body[at]:
            size = body[at + 1]
            if at + 2 + size > len(body):
                raise IndexError
            if body[at] == CNAME:
                yield Source(ssrc, body[at + 2 : at + 2 + size])
            at += 2 + size
        at = (at // 4 + 1) * 4

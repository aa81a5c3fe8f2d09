"""Whom we hear, and where we send: symmetric RTP, by rules. No I/O.

An address translator between us changes where the peer's packets come from, so we
answer to where that is (RFC 4961). But whoever guesses our port may send, too:

1. Until a packet has come, we send to the address that the call was set up with.
2. Its first packet from just there makes it the peer.
3. A source with the same host and another port becomes the peer with four packets in
   order and of one SSRC. So does one of another host, if the address is private and
   the source is not: that peer could never be reached where it says.
4. From then on all other sources are dropped, whatever they send, until the call is
   set up anew with another address. The one that it was set up with still takes over,
   if it sends: whoever came first by rule 3 was a guest.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final

from .packet import RtpPacket

IN_ORDER: Final = 4  # packets; more than a stray, less than a syllable

Address = tuple[str, int]
"""A host, as an IP address, and a port."""


@dataclass(slots=True)
class _Candidate:
    source: Address
    ssrc: int
    sequence: int
    packets: int = 1


class Latch:
    """Keeps to one peer.

    Args:
        signalled: the address that the call was set up with.

    Attributes:
        peer: where to send.
        is_set: a source has become the peer.
    """

    def __init__(self, signalled: Address) -> None:
        self.signalled = self.peer = signalled
        self.is_set = False
        self._candidate: _Candidate | None = None

    def takes(self, source: Address, packet: RtpPacket) -> bool:
        """Whether a packet is the peer's."""
        if self.is_set and source == self.peer:
            return True
        if source == self.signalled:
            self._set(source)
            return True
        if self.is_set or not self._may_be(source):
            return False
        before = self._candidate
        if (
            before is None
            or before.source != source
            or before.ssrc != packet.ssrc
            or packet.sequence != before.sequence + 1 & 0xFFFF
        ):
            self._candidate = _Candidate(source, packet.ssrc, packet.sequence)
            return False
        before.sequence = packet.sequence
        before.packets += 1
        if before.packets < IN_ORDER:
            return False
        self._set(source)
        return True

    def knows(self, source: Address) -> bool:
        """Whether it is the peer, or the one that the call was set up with."""
        return source in (self.peer, self.signalled)

    def takes_control(self, source: Address) -> bool:
        """Whether RTCP is the peer's: its host has to do, for its port is anybody's."""
        return source[0] == self.peer[0]

    def _set(self, source: Address) -> None:
        self.peer, self.is_set, self._candidate = source, True, None

    def _may_be(self, source: Address) -> bool:
        here, there = ip_address(self.signalled[0]), ip_address(source[0])
        return here == there or (here.is_private and not there.is_private)

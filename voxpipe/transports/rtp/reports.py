"""What RTCP tells of a stream: counted as RFC 3550, appendix A, counts. No I/O."""

from __future__ import annotations

from random import Random
from typing import Final

from .law import RATE
from .packet import RtpPacket, ahead_16
from .rtcp import Block, Report, Sent

INTERVAL: Final = 5.0  # seconds between two reports, for two who talk (6.2)
# The mean of what `until_next` draws is shorter than it seems, by this (6.3.1).
_COMPENSATION: Final = 2.71828 - 1.5


class Received:
    """The packets of one sender.

    Attributes:
        ssrc: who.
        packets: that came.
        jitter: of their arrival, in samples.
        round_trip: seconds; ``None`` until the other side has answered a report.
    """

    def __init__(self, first: RtpPacket) -> None:
        self.ssrc = first.ssrc
        self.packets = 0
        self.jitter = 0.0
        self.round_trip: float | None = None
        self._base = self._highest = first.sequence  # which grows beyond 16 bits
        self._transit: int | None = None
        self._told = 0, 0  # expected and received, at the last report
        self._report: tuple[int, float] | None = None  # a sender's: clock, and when

    @property
    def lost(self) -> int:
        """Packets that were expected and did not come; those come twice make up."""
        return self._expected - self.packets

    @property
    def _expected(self) -> int:
        return self._highest - self._base + 1

    def note(self, packet: RtpPacket, now: int) -> None:
        """One has come, at ``now`` in samples."""
        self.packets += 1
        ahead = ahead_16(packet.sequence, self._highest & 0xFFFF)
        self._highest += max(ahead, 0)
        transit = now - packet.timestamp
        if self._transit is not None:
            # Modulo 2^32, as timestamps are.
            step = (transit - self._transit + 0x8000_0000 & 0xFFFF_FFFF) - 0x8000_0000
            if abs(step) < RATE * 10:  # else it is another timeline
                self.jitter += (abs(step) - self.jitter) / 16  # A.8
        self._transit = transit

    def heed(self, report: Report, ours: int, now: float) -> None:
        """The other side has reported, to us among others, at ``now`` in seconds."""
        if report.sent is not None and report.ssrc == self.ssrc:
            self._report = report.sent.clock >> 16 & 0xFFFF_FFFF, now
        for block in report.blocks:
            if block.ssrc == ours and block.last_report:
                passed = clock_of(now) >> 16 & 0xFFFF_FFFF
                trip = passed - block.last_report - block.since_report & 0xFFFF_FFFF
                if trip < 60 << 16:  # a minute: more is no trip, but nonsense
                    self.round_trip = trip / 65_536

    def block(self, now: float) -> Block:
        """What to tell the sender; the next one begins where this ends."""
        expected, received = self._expected, self.packets
        new = expected - self._told[0]
        lost = new - (received - self._told[1])
        self._told = expected, received
        clock, came = self._report or (0, now)
        return Block(
            self.ssrc,
            min(max(lost, 0) * 256 // new, 255) if new > 0 else 0,
            self.lost,
            self._highest & 0xFFFF_FFFF,
            int(self.jitter),
            clock,
            min(round((now - came) * 65_536), 0xFFFF_FFFF),
        )


def sent(now: float, timestamp: int, packets: int, octets: int) -> Sent:
    """What a sender reports of itself."""
    return Sent(clock_of(now), timestamp, packets & 0xFFFF_FFFF, octets & 0xFFFF_FFFF)


def clock_of(now: float) -> int:
    """Seconds as RTCP has them: those of any clock will do (6.4.1)."""
    return round(now * (1 << 32)) & 0xFFFF_FFFF_FFFF_FFFF


def until_next(random: Random) -> float:
    """Seconds until the next report: by chance, lest all report at once."""
    return INTERVAL * (0.5 + random.random()) / _COMPENSATION

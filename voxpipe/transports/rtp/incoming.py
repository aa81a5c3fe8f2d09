"""What one peer sends: from its packets to 20 ms of sound at each tick. No I/O."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from voxpipe.transports.telephony.loudness import loudness

from .concealment import Concealer
from .events import Presses
from .jitter import JitterBuffer
from .law import FORMATS, RATE, Law, translation
from .packet import RtpError, RtpPacket
from .reports import Received

COMFORT_NOISE: Final = 13  # RFC 3389; we play silence for it


@dataclass(frozen=True, slots=True)
class Quality:
    """How well a peer is heard.

    Attributes:
        packets: that came.
        lost: that did not come; those that came twice make up for some.
        late: that came too late to be played.
        jitter: seconds, as RTCP has it.
        delay: seconds that the fastest packet waits until it is played.
        concealed: seconds that were made up.
        round_trip: seconds to the peer and back, from RTCP; ``None`` until it is known.
    """

    packets: int = 0
    lost: int = 0
    late: int = 0
    jitter: float = 0.0
    delay: float = 0.0
    concealed: float = 0.0
    round_trip: float | None = None


class Incoming:
    """The stream of one peer, whoever of its sources sends it.

    Another SSRC takes over with the second packet that it sends in order (RFC 3550,
    A.1), and what was kept of the one before is dropped.

    Args:
        law: of what `play` gives; a peer that sends the other one is translated.

    Attributes:
        received: counts of the source that sends; ``None`` before its first packet.
        buffer: keeps and orders its packets.
        concealer: fills in for those that are lost.
        sources: how many have sent.
    """

    def __init__(self, law: Law) -> None:
        self._law: Law = law
        self._silence = FORMATS[law].silence(1 / RATE)[0]
        self._is_loud = loudness(FORMATS[law])
        self._candidate: RtpPacket | None = None  # of another SSRC
        self.received: Received | None = None
        self.sources = 0
        self.buffer = JitterBuffer(self._silence, self.is_quiet)
        self.concealer = Concealer(law)
        self._presses = Presses()

    def quality(self) -> Quality:
        """How well the source that sends is heard."""
        received = self.received
        if received is None:
            return Quality()
        return Quality(
            received.packets,
            received.lost,
            self.buffer.late,
            received.jitter / RATE,
            self.buffer.delay,
            self.concealer.concealed / RATE,
            received.round_trip,
        )

    def is_quiet(self, codes: bytes) -> bool:
        """Whether nobody speaks in these."""
        return not self._is_loud(codes)

    def take(
        self, packet: RtpPacket, law: Law | None, now: int, *, is_timely: bool = True
    ) -> str | None:
        """A packet has come.

        Args:
            packet: from the peer.
            law: what its payload is in; ``None`` if it is of keys, or no audio.
            now: when it came, in samples.
            is_timely: we were, when it was taken.

        Returns:
            The key that it begins, if it does.

        Raises:
            RtpError: its payload cannot be understood.
        """
        if not self._is_known(packet):
            return None
        assert self.received is not None
        self.received.note(packet, now)
        if law is None:
            self.buffer.note(packet.sequence)
            if packet.payload_type == COMFORT_NOISE:
                return None
            return self._presses.feed(packet)
        if not packet.payload:
            raise RtpError("expected audio, got an empty payload")
        codes = packet.payload
        if law != self._law:
            codes = codes.translate(translation(law, self._law))
        self.buffer.put(
            packet.sequence, packet.timestamp, codes, now, is_timely=is_timely
        )
        return None

    def _is_known(self, packet: RtpPacket) -> bool:
        if self.received is not None:
            if packet.ssrc == self.received.ssrc:
                self._candidate = None
                return True
            before, self._candidate = self._candidate, packet
            if before is None or before.ssrc != packet.ssrc:
                return False
            if packet.sequence != before.sequence + 1 & 0xFFFF:
                return False
            self._candidate = None
            self.buffer.clear()
            self._presses = Presses()
        self.received = Received(packet)
        self.sources += 1
        return True

    def play(self, now: int) -> bytes:
        """The 160 codes of the tick that is due at ``now``, in samples."""
        return self.concealer.fill(*self.buffer.play(now))

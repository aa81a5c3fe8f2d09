"""Packets of sound go on as they come: aiortc keeps four of them back, 80 ms and more.

Its jitter buffer lets a packet go when four others have come behind it, and after a
lost one when sixteen have. That is for those who play what comes. A model hears it as
it comes, and whoever plays it has a buffer. Here one packet waits for one that is
missing, if that was only overtaken; when a second is missing it, it is given up.

There is no setting for it: a receiver's way in is wrapped, and its jitter buffer is
replaced by one that keeps nothing, both of them attributes that aiortc keeps private.
"""

from __future__ import annotations

from typing import Any, Generic, Protocol, TypeVar

HELD = 1  # packets, 20 ms, that wait for one that is missing
RESTART = 100  # packets back: it counts from elsewhere now, and none is late

_BUFFER = "_RTCRtpReceiver__jitter_buffer"


class Packet(Protocol):
    """As much of a packet as its order is judged by."""

    @property
    def sequence_number(self) -> int:
        """Of 16 bits, one more than the packet's before."""
        ...


AnyPacket = TypeVar("AnyPacket", bound=Packet)


class Arrival(Generic[AnyPacket]):
    """Puts packets in order as soon as that can be told; late and doubled ones go.

    Attributes:
        late: packets that came when nobody waited for them any more.
    """

    def __init__(self) -> None:
        self.late = 0
        self._due: int | None = None  # the number of the next; it has 16 bits
        self._held: dict[int, AnyPacket] = {}  # those behind a gap, at most `HELD`

    def take(self, packet: AnyPacket) -> list[AnyPacket]:
        """The packets that go on now that this one has come, in order."""
        number = packet.sequence_number
        if self._due is None:
            self._due = number
        ahead = (number - self._due) & 0xFFFF
        if ahead > 0x10000 - RESTART:
            self.late += 1
            return []
        if ahead >= 0x8000:
            self._held.clear()
            self._due = number
        self._held[number] = packet
        ready = self._in_order()
        while len(self._held) > HELD:
            due = self._due
            self._due = min(self._held, key=lambda each: (each - due) & 0xFFFF)
            ready += self._in_order()
        return ready

    def _in_order(self) -> list[AnyPacket]:
        ready = list[AnyPacket]()
        assert self._due is not None
        while self._due in self._held:
            ready.append(self._held.pop(self._due))
            self._due = (self._due + 1) & 0xFFFF
        return ready


def hasten(receiver: Any) -> None:
    """Have one of aiortc's receivers of sound decode packets as they come."""
    arrival, handle = Arrival[Any](), receiver._handle_rtp_packet

    async def take(packet: Any, arrival_time_ms: int) -> None:
        for each in arrival.take(packet):
            await handle(each, arrival_time_ms=arrival_time_ms)

    receiver._handle_rtp_packet = take
    vars(receiver)[_BUFFER] = _Passage()


class _Passage:
    """In place of a jitter buffer: what comes goes on."""

    def add(self, packet: Any) -> tuple[bool, _Encoded]:
        """Whether a picture is to be asked for, and what is to be decoded."""
        return False, _Encoded(packet._data, packet.timestamp)


class _Encoded:
    """A packet's content, as a decoder takes it."""

    def __init__(self, data: bytes, timestamp: int) -> None:
        self.data = data
        self.timestamp = timestamp

"""The media of one call over UDP: who sends what to whom, and when.

A tick every 20 ms sends one packet and plays one; packets that come in between are
taken as they come. Nothing here waits for anybody, so nothing is ever late by us but
by the event loop; what that has missed is caught up with, up to 200 ms.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from random import Random, SystemRandom
from typing import Final, Literal

from anyio import CancelScope, Event, create_task_group, current_time, sleep_until
from anyio.lowlevel import checkpoint

from voxpipe.pipeline import TransportError

from . import rtcp
from .incoming import COMFORT_NOISE, Incoming, Quality
from .latch import Address, Latch
from .law import RATE, SECONDS, Law
from .outgoing import PAYLOAD_TYPES, Outgoing
from .packet import RtpError, parse
from .reports import sent, until_next
from .wire import Came, Datagrams, udp_pair

Codec = Literal["PCMU", "PCMA"]
Direction = Literal["sendrecv", "sendonly", "recvonly", "inactive"]
"""What we do: of a peer that puts us on hold ``recvonly`` or ``inactive``."""

CATCH_UP: Final = 10  # ticks, 200 ms
AT_ONCE: Final = (
    50  # datagrams taken within a tick: a flood waits, and the kernel drops
)
SILENT_FOR: Final = 30.0  # seconds without RTP and RTCP; as a switchboard has it
REFUSED_FOR: Final = 5.0  # of these, if the peer's machine says that nobody is there
LEFT_FOR: Final = 2.0  # of these, if it has said goodbye by RTCP: the dialog is late
LAWS: Final[dict[Codec, Law]] = {"PCMU": "ulaw", "PCMA": "alaw"}


class RtpSession:
    """A pair of UDP sockets, and a call's audio through them.

    It is there before the call, for its port is told to the peer; `connect` says who
    that is, before `run` and again at any time. Whoever made it closes it.

    Args:
        local_host: an IP address of this machine.
        local_port: an even one; 0 takes any that is free.
        wires: RTP and RTCP, in the place of sockets.
        random: draws what is to be drawn by chance.

    Attributes:
        port: where we take RTP; RTCP is one above it.
        direction: of the audio.
        heard_at: when the peer has sent its last packet (`anyio.current_time`), or the
            call was put on hold.
        strangers: packets that were not the peer's.
        is_closed: it was closed.
        is_lost: nothing came of the peer for 30 s, or for 5 s in which its machine said
            that nobody is there: then `run` returns, as when it has said goodbye.

    Raises:
        TransportError: there are no such ports.
    """

    def __init__(
        self,
        local_host: str,
        local_port: int = 0,
        *,
        wires: tuple[Datagrams, Datagrams] | None = None,
        random: Random | None = None,
    ) -> None:
        self._media, self._control = wires or udp_pair(local_host, local_port)
        self._random = random or SystemRandom()
        self.port = self._media.address[1]
        self.direction: Direction = "inactive"
        self.heard_at = 0.0
        self.strangers = 0
        self.is_closed = self.is_lost = False
        self.law: Law = "ulaw"  # of our side, from the first `connect` on
        self._codec: Law = "ulaw"  # of the peer's
        self._events: int | None = None
        self._latch: Latch | None = None
        self.incoming = Incoming(self.law)
        self.outgoing = Outgoing(self.law, self._random)
        self._due = 0.0  # when the next tick is
        self._refusals = 0  # of its machine, when the peer was heard last
        self._has_left = False  # it has said goodbye, and nothing since then
        self._scope: CancelScope | None = None  # while it runs
        self._report: Callable[[str], None] = _pass_over
        self._sending = Event()  # set while we do

    def connect(
        self,
        remote: tuple[str, int],
        codec: Codec,
        telephone_event: int | None,
        direction: Direction,
    ) -> None:
        """Say who the peer is, as it was agreed: first, and whenever that changes.

        Args:
            remote: its IP address, and its port for RTP.
            codec: what both send. A later one is translated, for the call's format is
                that of the first.
            telephone_event: the payload type of keys; ``None`` if it takes none.
            direction: what we do.

        Raises:
            ValueError: no IP address.
        """
        law = LAWS[codec]
        if self._latch is None:
            self.law = law
            self.incoming = Incoming(law)
            self.outgoing = Outgoing(law, self._random)
        if self._latch is None or self._latch.signalled != remote:
            self._latch = Latch(remote)
        self._codec, self._events = law, telephone_event
        self.direction = direction
        if self.sends:
            self._sending.set()
        elif self._sending.is_set():
            self._sending = Event()

    @property
    def sends(self) -> bool:
        """Whether the peer wants to hear us."""
        return self.direction in ("sendrecv", "sendonly")

    @property
    def hears(self) -> bool:
        """Whether it wants to be heard."""
        return self.direction in ("sendrecv", "recvonly")

    async def until_it_sends(self) -> None:
        """Wait while the call is on hold."""
        while not self.sends:
            await self._sending.wait()

    @property
    def takes_keys(self) -> bool:
        """Whether the peer takes keys as events."""
        return self._events is not None

    @property
    def peer(self) -> Address | None:
        """Where we send."""
        return self._latch.peer if self._latch else None

    def quality(self) -> Quality:
        """How well the peer is heard."""
        return self.incoming.quality()

    def close(self) -> None:
        """End it, and say goodbye: what was not sent never will be."""
        if self.is_closed:
            return
        self.is_closed = True
        if self._latch is not None:
            self._send_report(goodbye=True)
        if self._scope is not None:
            self._scope.cancel()
        self._close_sockets()

    def _close_sockets(self) -> None:
        if self.is_closed and self._scope is None:  # else somebody still waits at them
            self._media.close()
            self._control.close()

    # --- running

    async def run(
        self,
        hear: Callable[[bytes], None],
        press: Callable[[str], None],
        report: Callable[[str], None],
    ) -> None:
        """Carry audio until it is closed, or the peer is gone; can run again.

        Args:
            hear: called with 20 ms of what the peer says, in our law, in each tick.
            press: called with a key that it has pressed.
            report: told of each fault.

        Raises:
            TransportError: nobody has said who the peer is.
        """
        if self._latch is None:
            raise TransportError("an RtpSession is connected before it runs: connect()")
        if self.is_closed:
            return
        self._report, self._press = report, press
        self.heard_at = self._due = current_time()
        try:
            async with create_task_group() as tasks:
                self._scope = tasks.cancel_scope
                tasks.start_soon(self._listen, self._media, self._take_datagram)
                tasks.start_soon(self._listen, self._control, self._take_control)
                tasks.start_soon(self._tell)
                await self._tick(hear)
                tasks.cancel_scope.cancel()
        finally:
            self._scope = None
            self._close_sockets()

    async def _tick(self, hear: Callable[[bytes], None]) -> None:
        while not self._is_gone:
            await sleep_until(self._due)
            now = current_time()
            missed = int((now - self._due) / SECONDS) - CATCH_UP
            if missed > 0:
                self.outgoing.skip(missed)
                self._due += missed * SECONDS
            self._drain()  # what came while the loop was busy plays now, not late
            self._send_next()
            if not self.hears:
                self.heard_at = now
            hear(self.incoming.play(round(self._due * RATE)))
            self._due += SECONDS
            if self._due <= now:
                await checkpoint()

    @property
    def _is_gone(self) -> bool:
        quiet = current_time() - self.heard_at
        if quiet < LEFT_FOR:
            return False
        refused = quiet > REFUSED_FOR and self._media.refusals > self._refusals
        self.is_lost = refused or quiet > SILENT_FOR
        return self.is_lost or self._has_left

    def _send_next(self) -> None:
        if not self.sends:
            self.outgoing.skip()
            return
        packet = self.outgoing.next(self._codec, self._events)
        assert self._latch is not None
        self._send(self._media, packet.pack(), self._latch.peer)

    def _send(self, wire: Datagrams, data: bytes, to: Address) -> None:
        try:
            wire.send(data, to)
        except OSError as error:
            self._report(f"a packet could not be sent: {error.strerror}")

    # --- what comes

    async def _listen(self, wire: Datagrams, take: Callable[[Came], None]) -> None:
        while True:
            await wire.wait()
            for _ in range(AT_ONCE):
                came = wire.receive()
                if came is None:
                    break
                take(came)
            else:
                await sleep_until(current_time() + SECONDS)

    def _drain(self) -> None:
        for _ in range(AT_ONCE):
            came = self._media.receive()
            if came is None:
                return
            self._take_datagram(came)

    def _take_datagram(self, came: Came) -> None:
        assert self._latch is not None
        data, source, waited = came
        if self._latch.is_set and not self._latch.knows(source):
            self._turn_away()  # of a flood nothing is looked at
            return
        try:
            packet = parse(data)
            law = self._law_of(packet.payload_type)
            if not self._latch.takes(source, packet):
                self._turn_away()
                return
            self._heard()
            if not self.hears:
                return
            came_at = round((self.heard_at - waited) * RATE)
            is_timely = self.heard_at < self._due + SECONDS
            digit = self.incoming.take(packet, law, came_at, is_timely=is_timely)
        except RtpError as error:
            self._report(str(error))
            return
        if digit is not None:
            self._press(digit)

    def _law_of(self, payload_type: int) -> Law | None:
        if payload_type == PAYLOAD_TYPES[self._codec]:
            return self._codec
        if payload_type in (self._events, COMFORT_NOISE):
            return None
        raise RtpError(
            f"expected RTP of type {PAYLOAD_TYPES[self._codec]}, as agreed, "
            f"got {payload_type}"
        )

    def _heard(self) -> None:
        self.heard_at, self._refusals = current_time(), self._media.refusals
        self._has_left = False

    def _turn_away(self) -> None:
        self.strangers += 1
        if self.strangers == 1:
            self._report("expected RTP of the peer, got another source's: dropped")

    def _take_control(self, came: Came) -> None:
        assert self._latch is not None
        data = came.data
        if not self._latch.takes_control(came.source):
            self._turn_away()
            return
        try:
            items = rtcp.parse(data)
        except rtcp.RtcpError as error:
            self._report(str(error))
            return
        self._heard()
        now = self.heard_at - came.waited
        received = self.incoming.received
        for item in items:
            if isinstance(item, rtcp.Report) and received is not None:
                received.heed(item, self.outgoing.ssrc, now)
            elif isinstance(item, rtcp.Bye) and received is not None:
                self._has_left = received.ssrc in item.ssrcs

    # --- what is told

    async def _tell(self) -> None:
        at = current_time() + until_next(self._random) / 2
        while True:
            await sleep_until(at)
            self._send_report()
            at = current_time() + until_next(self._random)

    def _send_report(self, *, goodbye: bool = False) -> None:
        assert self._latch is not None
        now, ours, received = current_time(), self.outgoing, self.incoming.received
        items: list[rtcp.Control] = [
            rtcp.Report(
                ours.ssrc,
                (received.block(now),) if received else (),
                sent(now, ours.timestamp, ours.packets, ours.octets)
                if ours.packets
                else None,
            ),
            # No user and no host: those who pass it on need not know (RFC 7022).
            rtcp.Source(ours.ssrc, f"{ours.ssrc:08x}".encode()),
        ]
        if goodbye:
            items.append(rtcp.Bye((ours.ssrc,)))
        host, port = self._latch.peer
        with suppress(OSError):
            self._control.send(rtcp.pack(items), (host, port + 1))


def _pass_over(_: str) -> None:
    """Nobody is told yet."""

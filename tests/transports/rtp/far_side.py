"""The far side of a call over RTP: a phone that sends a packet every 20 ms."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from random import Random

from anyio import (
    Event,
    WouldBlock,
    create_memory_object_stream,
    create_task_group,
    current_time,
    sleep_until,
)

from voxpipe.transports.rtp import RtpPhone, rtcp
from voxpipe.transports.rtp.outgoing import Outgoing
from voxpipe.transports.rtp.packet import parse
from voxpipe.transports.rtp.session import RtpSession
from voxpipe.transports.rtp.wire import Datagrams, UdpSocket, udp_pair
from voxpipe.transports.sip import SipLine
from voxpipe.transports.telephony import Call
from voxpipe.transports.testing import FarSide, Heard, Transport

from .calls import HERE, THERE
from .network import Network

KEPT = 64  # packets that it has not heard yet; a system keeps no more
EVENTS = 101
LEAD = b"\xff" * 3_200  # 0.4 s

Ends = AsyncGenerator[tuple[Transport, FarSide]]


class RtpFar:
    """Packets, on sockets or on a network in memory.

    Args:
        media: of RTP, and ``control`` of RTCP.
        to: where the other side takes RTP.
        hang_up: as the dialog does.
    """

    clears = False  # a packet that is on its way cannot be taken back

    def __init__(
        self,
        media: Datagrams,
        control: Datagrams,
        to: tuple[str, int],
        hang_up: Callable[[], Awaitable[None]],
    ) -> None:
        self._media, self._control = media, control
        self._to, self._hang_up = to, hang_up
        self._outgoing = Outgoing("ulaw", Random(1))
        self._is_silent = True
        self._heard, self._hears = create_memory_object_stream[bytes](KEPT)

    async def send(self, late: float = 0.0) -> None:
        """Send a packet every 20 ms.

        Args:
            late: seconds by which the first ones are: the other side is prepared then
                for a loop that is as busy.
        """
        due = current_time()
        while True:
            begins = self._outgoing.packets < late / 0.02
            await sleep_until(due + late if begins and self._outgoing.packets else due)
            packet = self._outgoing.next("ulaw", EVENTS)
            self._media.send(packet.pack(), self._to)
            self._is_silent = not self._outgoing.waiting
            due += 0.02

    async def receive(self) -> None:
        while True:
            await self._media.wait()
            while (came := self._media.receive()) is not None:
                packet = parse(came[0])
                if packet.payload_type == 0 and packet.payload.strip(b"\xff"):
                    with suppress(WouldBlock):  # nobody listens
                        self._heard.send_nowait(packet.payload)

    async def heed(self) -> None:
        while True:
            await self._control.wait()
            while (came := self._control.receive()) is not None:
                if any(isinstance(item, rtcp.Bye) for item in rtcp.parse(came[0])):
                    self._heard.close()
                    return

    def close(self) -> None:
        self._heard.close()
        self._hears.close()

    async def say(self, audio: bytes) -> None:
        if self._is_silent:  # the next piece may come a little late
            self._outgoing.say(LEAD)
        self._is_silent = False
        self._outgoing.say(audio)

    async def hear(self) -> Heard:
        return await self._hears.receive()

    async def press(self, key: str) -> None:
        self._outgoing.press(key)

    async def garble(self) -> None:
        self._media.send(b"no RTP", self._to)

    async def leave(self) -> None:
        await self._hang_up()


@asynccontextmanager
async def _running(far: RtpFar, late: float = 0.0) -> AsyncGenerator[None]:
    async with create_task_group() as tasks:
        tasks.start_soon(far.receive)
        tasks.start_soon(far.heed)
        tasks.start_soon(far.send, late)
        try:
            yield
        finally:
            far.close()
            tasks.cancel_scope.cancel()


@asynccontextmanager
async def by_rtp() -> Ends:
    """On a network in memory; the dialog is the test's."""
    network = Network()
    session = network.session(HERE)
    session.connect(THERE, "PCMU", EVENTS, "sendrecv")
    wires = network.wire(THERE), network.wire((THERE[0], THERE[1] + 1))

    async def hang_up() -> None:
        session.close()

    far = RtpFar(*wires, HERE, hang_up)
    async with _running(far):
        yield RtpPhone(session, id="1"), far
    session.close()


# --- over real sockets, and SIP


class _Lent:
    """A socket that outlives its session: somebody still waits at it."""

    def __init__(self, wire: UdpSocket) -> None:
        self.address, self.refusals = wire.address, 0
        self.send, self.receive, self.wait = wire.send, wire.receive, wire.wait

    def close(self) -> None:
        """Whoever has lent it does."""


class _FarLine(SipLine):
    """A line whose calls' packets are the test's."""

    def __init__(self) -> None:
        super().__init__(port=0)
        self.wires = udp_pair("127.0.0.1", 0)

    @asynccontextmanager
    async def lent(self) -> AsyncGenerator[None]:
        try:
            yield
        finally:
            for wire in self.wires:
                wire.close()

    def _session(self) -> RtpSession:
        media, control = self.wires
        return RtpSession(self.host, wires=(_Lent(media), _Lent(control)))


@asynccontextmanager
async def by_sip() -> Ends:
    """Two lines, one of which has called the other."""
    calls, there, over = list[Call](), Event(), Event()

    async def app(call: Call) -> None:
        calls.append(call)
        there.set()
        await over.wait()

    line, far_line = SipLine(port=0), _FarLine()
    async with (
        far_line.lent(),
        line,
        far_line,
        create_task_group() as tasks,
        AsyncExitStack() as dialog,
    ):
        tasks.start_soon(line.serve, app)
        to = f"sip:bob@127.0.0.1:{line.port}"
        call = await dialog.enter_async_context(far_line.call(to))
        assert isinstance(call, RtpPhone)
        await there.wait()
        peer = call.session.peer
        assert peer is not None
        far = RtpFar(*far_line.wires, peer, dialog.aclose)
        async with _running(far, late=0.2):
            yield calls[0], far
        over.set()
        tasks.cancel_scope.cancel()

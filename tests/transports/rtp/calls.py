"""Two phones and the network between them; or one, and a peer that is scripted."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import anyio
from anyio import create_task_group, current_time, sleep_until

from voxpipe.pipeline import (
    AudioFormat,
    AudioFrame,
    Dtmf,
    Output,
    Pipeline,
    Processor,
    ReplyEnd,
    ReplyFrame,
    Turn,
)
from voxpipe.pipeline.testing import Probe
from voxpipe.transports.rtp import RtpPacket, RtpPhone, rtcp
from voxpipe.transports.rtp.packet import parse

from .network import Address, Network, clean

HERE: Address = ("198.51.100.1", 10_000)
THERE: Address = ("198.51.100.7", 20_000)
ULAW = AudioFormat("ulaw", 8_000)
TICK = 160


class Says(Processor):
    """A model: deltas of 250 ms, all at once, after a while; then it may wait."""

    output = Output[ReplyFrame]()

    def __init__(self, *replies: bytes, after: float = 0.0, lasts: float = 0.0) -> None:
        self.output.format = ULAW
        self.turns = [Turn(f"reply {n}") for n in range(len(replies))]
        self._replies, self._after, self._lasts = replies, after, lasts

    async def run(self) -> None:
        await anyio.sleep(self._after)
        for turn, codes in zip(self.turns, self._replies, strict=True):
            for at in range(0, len(codes), 2_000):
                data = codes[at : at + 2_000]
                start = turn.grow(len(data) / 8_000)
                await self.output.send(
                    AudioFrame(data=data, format=ULAW, start=start, turn=turn)
                )
            await self.output.send(ReplyEnd(turn=turn))
        await anyio.sleep(self._lasts)


def lasts(seconds: float) -> Says:
    """A model that says nothing."""
    return Says(lasts=seconds + 60)


class Call:
    """One of our phones, in its pipeline."""

    def __init__(
        self,
        network: Network,
        address: Address = HERE,
        says: Says | None = None,
        *,
        seed: int = 1,
        codec: Any = "PCMU",
        events: int | None = 101,
        direction: Any = "sendrecv",
        remote: Address = THERE,
    ) -> None:
        self.session = session = network.session(address, seed)
        session.connect(remote, codec, events, direction)
        host, port = address
        self._media = network.wires[address]
        self._control = network.wires[host, port + 1]
        self.phone = RtpPhone(session, id="call-1", caller="+1", called="+2")
        self.heard, self.pressed, self.played = Probe(), Probe(), Probe()
        self.says = says
        self._faults = Probe()
        self.ended_at = 0.0

    async def run(self, deadline: float = 600) -> None:
        routes: list[Any] = [
            self.phone.heard >> self.heard.input,
            self.phone.pressed >> self.pressed.input,
            self.phone.played >> self.played.input,
            self.phone.faults >> self._faults.input,
        ]
        if self.says is not None:
            routes.append(self.says.output >> self.phone.speaks)
        assert await Pipeline(*routes).run(deadline=deadline) == "finished"
        self.ended_at = current_time()

    @property
    def faults(self) -> list[str]:
        return [each.message for each in self._faults.frames]

    @property
    def packets(self) -> list[tuple[float, RtpPacket]]:
        """What it has sent, and when."""
        return [(time, parse(data)) for time, data, _ in self._media.sent]

    @property
    def reports(self) -> list[tuple[rtcp.Control, ...]]:
        """What it has told."""
        return [rtcp.parse(data) for _, data, _ in self._control.sent]

    @property
    def keys(self) -> str:
        return "".join(
            each.digit for each in self.pressed.frames if isinstance(each, Dtmf)
        )


class Peer:
    """The other side, as a script."""

    def __init__(self, network: Network, address: Address = THERE) -> None:
        self.network = network
        self.wire = network.wire(address)
        self.control = network.wire((address[0], address[1] + 1))
        self.number = 0
        self.ssrc = 77

    def send(
        self, codes: bytes, *, to: Address = HERE, kind: int = 0, skip: int = 0
    ) -> None:
        self.number += skip
        packet = RtpPacket(
            kind, self.number % 2**16, self.number * TICK % 2**32, self.ssrc, codes
        )
        self.number += 1
        self.wire.send(packet.pack(), to)

    async def speak(self, codes: bytes, to: Address = HERE, kind: int = 0) -> None:
        begin = current_time()
        for at in range(0, len(codes), TICK):
            await sleep_until(begin + at / 8_000)
            self.send(codes[at : at + TICK], to=to, kind=kind)
        await sleep_until(begin + len(codes) / 8_000)

    def heard(self) -> list[tuple[float, RtpPacket]]:
        """What has come so far, and when."""
        found: list[tuple[float, RtpPacket]] = []
        while (came := self.wire.receive()) is not None:
            found.append((current_time(), parse(came[0])))
        return found


async def with_peer(
    script: Callable[[Call, Peer], Awaitable[None]],
    says: Says | None = None,
    fate: Any = clean,
    **options: Any,
) -> tuple[Call, Peer]:
    """One of our phones; the call is over when the script is, and the peer hangs up."""
    network = Network(fate)
    peer = Peer(network)
    call = Call(network, HERE, says, **options)
    async with create_task_group() as tasks:
        tasks.start_soon(call.run)
        await script(call, peer)
        call.session.close()
    return call, peer


def audio(packets: Sequence[tuple[float, RtpPacket]]) -> bytes:
    return b"".join(p.payload for _, p in packets if p.payload_type in (0, 8))

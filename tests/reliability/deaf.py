"""Row 16: a phone that does not read is noticed, and costs next to nothing."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from pathlib import Path

import anyio
from anyio import create_task_group, current_time, move_on_after, sleep
from anyio.to_thread import run_sync
from websockets.client import ClientProtocol
from websockets.uri import parse_uri

from voxpipe.pipeline import AudioFrame, Pipeline, Turn
from voxpipe.pipeline.testing import Probe, Source
from voxpipe.transports.telephony import Call
from voxpipe.transports.telephony.testing import FakeTwilio, Leg, Sids
from voxpipe.transports.telephony.testing.webhook import signature

from ..transports.telephony.test_served_calls import TOKEN, caller_of, served
from ..transports.telephony.testing.agents import ULAW
from .row import Figure

PHONES = 5
LIMIT = 15.0  # seconds from its last reading: 10 for a write, and what is under way
GIVES_UP = 30.0  # seconds
BUFFER = 8_192  # bytes of the phone's own; another may have far more
FRAME = 0.2  # seconds of an agent's audio


class Talker:
    """An agent that does not stop, and knows how much it has got rid of."""

    def __init__(self) -> None:
        self.gone: dict[str, float] = {}  # seconds, by call
        self.lasted: dict[str, float] = {}

    def _frames(self, call: Call) -> Iterator[AudioFrame]:
        turn, data = Turn(), ULAW.silence(FRAME)
        for number in range(round(2 * GIVES_UP / FRAME)):
            self.gone[call.id] = start = number * FRAME
            yield AudioFrame(data=data, format=ULAW, start=start, turn=turn)

    async def __call__(self, call: Call) -> None:
        """The app."""
        began, source = current_time(), Source(self._frames(call))
        source.output.format = ULAW
        try:
            routes = (call.heard >> Probe().input, source.output >> call.speaks)
            await Pipeline(*routes).run()
        finally:
            self.lasted[call.id] = current_time() - began


async def connect(twilio: FakeTwilio, url: str) -> None:
    """A phone that speaks and never reads, until it is hung up on."""
    sids = Sids.new()
    stream = await twilio.ring(sids, "+15550100", "+15550199")
    host, _, port = url.removeprefix("http://").partition(":")
    raw = socket.socket()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
    with raw:
        await run_sync(raw.connect, (host, int(port)))
        protocol = ClientProtocol(parse_uri(stream.url))
        request = protocol.connect()
        request.headers["X-Twilio-Signature"] = signature(TOKEN, stream.url, {})
        protocol.send_request(request)
        await run_sync(raw.sendall, b"".join(protocol.data_to_send()))
        protocol.receive_data(await run_sync(raw.recv, 4_096))
        leg = Leg(current_time(), parameters=dict(stream.parameters), sids=sids)
        messages = list(leg.opening())
        try:
            while True:
                for message in messages:
                    protocol.send_text(
                        message.encode() if isinstance(message, str) else message
                    )
                await run_sync(raw.sendall, b"".join(protocol.data_to_send()))
                await sleep(0.02)
                messages = list(leg.tick(current_time()))
        except OSError:
            return  # it was hung up on
        finally:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def resident() -> int:
    """Bytes of memory that this process has."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) * 1024
    raise AssertionError("this system has no VmRSS")


async def not_read() -> tuple[Talker, float, bool]:
    """Agents of phones that do not read, how memory grew, and whether all ended."""
    talker = Talker()
    async with served(talker) as (server, _):
        async with caller_of(server).call() as caller:  # what is imported by a call
            await sleep(0.5)
            caller.hang_up()
        talker.gone.clear()
        talker.lasted.clear()
        before = resident()
        with move_on_after(GIVES_UP) as patience:
            async with create_task_group() as tasks:
                for _ in range(PHONES):
                    tasks.start_soon(connect, caller_of(server), server.url)
        grown = (resident() - before) / PHONES
    return talker, grown, not patience.cancelled_caught


def deaf() -> Figure:
    """How long each call lasted, and how much of the agent was under way by then."""
    talker, grown, noticed = anyio.run(not_read)
    lasted, gone = max(talker.lasted.values()), max(talker.gone.values())
    said = f"after {lasted:.1f} s" if noticed else f"not in {GIVES_UP:g} s"
    said += f", {gone:.1f} s under way, {grown / 1e6:+.2f} MB for each"
    return Figure(said, kept=noticed and lasted <= LIMIT and grown <= 1e6)

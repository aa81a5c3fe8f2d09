"""Who joins a call and does not read is sent away; the call goes on."""

from __future__ import annotations

import json

import anyio

from voxpipe.simulator import Script, ToneVoice
from voxpipe.simulator.calls.pump import CallPump
from voxpipe.simulator.calls.session import CallSession
from voxpipe.simulator.net.session_requests import in_line
from voxpipe.simulator.service.machine import Machine
from voxpipe.simulator.voices.speech import CachedVoice


class Slow:
    """A client that reads one event, and then nothing until it is let."""

    def __init__(self) -> None:
        self.received: list[str] = []
        self.joined, self.reads = anyio.Event(), anyio.Event()
        self.closed: tuple[int, str] | None = None

    async def send(self, text: str) -> None:
        self.received.append(json.loads(text)["type"])
        self.joined.set()
        await self.reads.wait()

    async def receive(self) -> str:
        await anyio.sleep_forever()
        raise AssertionError

    async def close(self, code: int, reason: str) -> None:
        self.closed = (code, reason)

    async def gone(self) -> None:
        await anyio.sleep_forever()


async def test_a_client_that_does_not_read_is_sent_away() -> None:
    now = anyio.current_time()
    machine = Machine("realtime", "gpt-realtime", Script(), now=now, today=0.0)
    pump = CallPump(CallSession(machine), in_line(CachedVoice(ToneVoice())), None)
    slow, other = Slow(), Slow()
    other.reads.set()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(pump.run)
        tasks.start_soon(pump.join, slow)
        tasks.start_soon(pump.join, other)
        await slow.joined.wait()
        for _ in range(1100):
            pump.press("1", 0)
            await anyio.lowlevel.checkpoint()
        slow.reads.set()
        with anyio.fail_after(10):
            while slow.closed is None or len(other.received) < 1101:
                await anyio.lowlevel.checkpoint()
        pump.hang_up()
    assert slow.closed == (1011, "The client does not read.")
    assert len(slow.received) <= 1026
    assert other.closed == (1000, "")
    assert other.received.count("input_audio_buffer.dtmf_event_received") == 1100

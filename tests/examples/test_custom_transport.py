from __future__ import annotations

import json
from base64 import b64decode, b64encode
from pathlib import Path
from runpy import run_path
from typing import Any

import anyio
import pytest
from anyio import create_memory_object_stream
from anyio.streams.stapled import StapledObjectStream

from voxpipe.pipeline import (
    AudioFormat,
    AudioFrame,
    Output,
    Pipeline,
    Processor,
    ReplyFrame,
    Turn,
)
from voxpipe.pipeline.testing import Probe, no_leaks, run_virtual

PROGRAM = run_path(str(Path(__file__).parents[2] / "examples" / "custom_transport.py"))
ULAW = AudioFormat("ulaw", 8_000)


def line() -> tuple[Any, Any]:
    """The two ends of a wire on which nothing ever waits."""
    here_send, there_receive = create_memory_object_stream[bytes](1_000)
    there_send, here_receive = create_memory_object_stream[bytes](1_000)
    here = StapledObjectStream(here_send, here_receive)
    return here, StapledObjectStream(there_send, there_receive)


class Agent(Processor):
    """Says four seconds, and is cut after the first of them was heard."""

    says = Output[ReplyFrame]()

    def __init__(self) -> None:
        self.turn = Turn("greeting")

    async def run(self) -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._say)
            await anyio.sleep(1.0)
            self.turn.cut()

    async def _say(self) -> None:
        for _ in range(200):
            start = self.turn.grow(0.02)
            data = bytes([1 + round(start * 50)]) * 160
            await self.says.send(
                AudioFrame(data=data, format=ULAW, start=start, turn=self.turn)
            )


RUBBISH = [b"", b"no json", b"[]", b"{}", b'{"audio": 5}', b'{"audio": "?"}', b"\xff"]


async def call() -> tuple[list[Any], Any, Probe, Agent]:
    here, there = line()
    phone, agent, probe = PROGRAM["JsonPhone"](here), Agent(), Probe()
    pipeline = Pipeline(agent.says >> phone.speaks, phone.heard >> probe.input)
    async with no_leaks():
        async with here, anyio.create_task_group() as tasks:
            tasks.start_soon(pipeline.run)
            for each in RUBBISH:
                await there.send(each + b"\n")
            audio = json.dumps({"audio": b64encode(b"hello").decode()}).encode()
            await there.send(audio[:7])  # lines may come in any pieces
            await there.send(audio[7:] + b"\n" + audio + b"\n" + audio[:9])
            await anyio.sleep(3.0)
            await there.send_eof()
        received: list[Any] = []
        async with there:
            async for each in there:
                received.append(json.loads(each))  # noqa: PERF401
    return received, phone, probe, agent


def test_it_hears_speaks_clears_and_reports_rubbish() -> None:
    received, phone, probe, agent = run_virtual(call)
    assert probe.data == b"hello" * 2
    assert [frame.start for frame in probe.frames] == [0.0, 5 / 8_000]
    assert phone.fault_count == len(RUBBISH)
    assert received[-1] == {"clear": True}
    sent = b"".join(b64decode(each["audio"]) for each in received[:-1])
    assert agent.turn.played == pytest.approx(1.0)
    assert len(sent) == 160 * 60  # a second, and 0.2 s on the way when it was cut

"""Readers of a port that are slow, or never read."""

from __future__ import annotations

from typing import Any

import pytest
from anyio import sleep, sleep_forever

from voxpipe.pipeline import Input, Pipeline, Processor, VoxpipeError
from voxpipe.pipeline.testing import Probe
from voxpipe.processors.realtime import Realtime, Service, open_session
from voxpipe.processors.realtime.config.settings import PCM_24K
from voxpipe.processors.realtime.shell.ports import MAX_WAITING
from voxpipe.simulator import Line
from voxpipe.transports import MemoryPhone

from .call import Call, call
from .carried import Pair, scripted
from .talk import LONG, asks_for, run_virtual, script, weather

pytestmark = pytest.mark.usefixtures("either_loop")


class Sleepy(Processor):
    """Reads when it has slept."""

    input = Input[Any](capacity=2)

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self.frames: list[Any] = []

    async def run(self) -> None:
        async for frame in self.input:
            self.frames.append(frame)
            await sleep(self._seconds)


def test_a_slow_reader_of_transcripts_holds_nothing_up() -> None:
    async def plot(conversation: Call) -> None:
        conversation.model.ask()
        await sleep(8.0)
        conversation.phone.hang_up()

    async def conversation() -> None:
        sleepy, called = Sleepy(5.0), Probe()
        lines = script(Line(say=LONG, calls=(asks_for("Rome"),)), Line(say="Sunny."))
        async with call(
            lines,
            tools=[weather],
            routes=lambda c: [
                c.model.transcripts >> sleepy.input,
                c.model.calls >> called.input,
            ],
        ) as phone_call:
            await phone_call.hold(plot)
        assert called.times[0] < 2.0
        assert phone_call.interruptions == []
        final = [t.text for t in sleepy.frames if t.final]
        assert final == [LONG, "Sunny."]  # it has missed steps, and no end

    run_virtual(conversation)


def test_a_reader_that_never_reads_is_named() -> None:
    class Deaf(Processor):
        input = Input[Any](capacity=1)

        async def run(self) -> None:
            await sleep_forever()

    async def talk(pair: Pair) -> None:
        await pair.put('{"type": "session.created", "session": {}}')
        await pair.take()
        await pair.put('{"type": "session.updated", "session": {}}')
        while True:
            await pair.put('{"type": "rate_limits.updated", "rate_limits": []}')

    async def conversation() -> None:
        async with (
            scripted(talk) as (_, connect),
            open_session(service=Service(api_key="sk-test"), connect=connect) as opened,
        ):
            phone, model, deaf = MemoryPhone(PCM_24K), Realtime(opened), Deaf()
            pipeline = Pipeline(
                phone.heard >> model.hears,
                model.says >> phone.speaks,
                model.events >> deaf.input,
            )
            with pytest.raises(VoxpipeError, match=f"{MAX_WAITING} frames wait at"):
                await pipeline.run()

    run_virtual(conversation)

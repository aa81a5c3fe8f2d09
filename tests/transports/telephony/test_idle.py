"""Idle is a call in which nobody speaks: not the caller, not the agent, and no tool."""

from __future__ import annotations

import pytest
from anyio import sleep, sleep_forever

from voxpipe.pipeline import (
    AudioFrame,
    Output,
    Pipeline,
    Processor,
    ReplyFrame,
    ToolCall,
)
from voxpipe.pipeline.testing import Probe, Source
from voxpipe.processors.tools import ToolRouter, tool
from voxpipe.transports.telephony import App, Call, Switchboard
from voxpipe.transports.telephony.testing import Speech

from .calling import Run, Told, called
from .test_served_calls import caller_of, served
from .testing.agents import HUM, ULAW, speech

LIMIT = 20.0
HISS = bytes([0xEF, 0x6F]) * 4_000  # a second of a bad line: -49 dBFS


class Mute(Processor):
    """An agent that never replies; it may play a recording."""

    says = Output[ReplyFrame]()

    def __init__(self, *recording: AudioFrame) -> None:
        self._recording = recording

    async def run(self) -> None:
        for frame in self._recording:
            await self.says.send(frame)
        await sleep_forever()


async def listens(call: Call) -> None:
    """To a monologue, a dictation, or a call that is interpreted for somebody else."""
    await Pipeline(call.heard >> Probe().input, Mute().says >> call.speaks).run()


async def plays(call: Call) -> None:
    """A recording of a minute, which is no reply."""
    agent = Mute(*(AudioFrame(data=HUM, format=ULAW) for _ in range(30)))
    await Pipeline(call.heard >> Probe().input, agent.says >> call.speaks).run()


@tool(timeout=120)
async def research() -> str:
    """It takes a minute."""
    await sleep(60)
    return "found"


async def researches(call: Call) -> None:
    """A tool works, and nobody speaks meanwhile."""
    router = ToolRouter([research])
    wanted = Source([ToolCall(call_id="1", name="research", arguments="{}")])
    pipeline = Pipeline(
        call.heard >> Probe().input,
        Mute().says >> call.speaks,
        wanted.output >> router.calls,
        router.results >> Probe().input,
    )
    await pipeline.run()


@pytest.mark.parametrize("app", [plays, researches])
def test_a_call_is_idle_when_what_was_played_or_done_has_ended(
    in_time: Run, told: Told, app: App
) -> None:
    async def scene() -> None:
        async with called(Switchboard(app, idle_limit=LIMIT)) as caller:
            await caller.wait_closed()

    in_time(scene)
    ((end, seconds, *_),) = told()
    assert end == "idle"
    assert 60 + LIMIT - 0.5 < float(seconds) < 60 + LIMIT + 1.5


def test_a_caller_who_talks_to_a_silent_agent_is_not_idle_until_they_stop(
    in_time: Run, told: Told
) -> None:
    async def scene() -> None:
        async with called(Switchboard(listens, idle_limit=LIMIT)) as caller:
            for _ in range(4):
                assert await caller.say(speech(1))
                await sleep(14)
            assert await caller.say(speech(1))
            await caller.wait_closed()

    in_time(scene)
    ((end, seconds, *_),) = told()
    assert end == "idle"
    assert 61 + LIMIT - 0.5 < float(seconds) < 61 + LIMIT + 1.5


def test_the_noise_of_a_line_is_nobody_speaking(in_time: Run, told: Told) -> None:
    async def scene() -> None:
        async with called(Switchboard(listens, idle_limit=LIMIT)) as caller:
            assert not await caller.say(Speech(HISS * 60))

    in_time(scene)
    ((end, seconds, *_),) = told()
    assert end == "idle"
    assert LIMIT - 0.5 < float(seconds) < LIMIT + 1.5


def test_who_is_not_listened_to_any_more_keeps_no_call(
    in_time: Run, told: Told
) -> None:
    async def hung_up(call: Call) -> None:
        call.hang_up()
        await listens(call)

    async def scene() -> None:
        async with called(Switchboard(hung_up, idle_limit=LIMIT)) as caller:
            assert not await caller.say(speech(60))

    in_time(scene)
    ((end, seconds, *_),) = told()
    assert end == "idle"
    assert LIMIT - 0.5 < float(seconds) < LIMIT + 1.5


@pytest.mark.slow
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_over_a_real_socket_a_talking_caller_is_not_idle() -> None:
    async with (
        served(listens, idle_limit=1.0) as (server, _),
        caller_of(server).call() as caller,
    ):
        assert await caller.say(speech(4))
        await caller.wait_closed()
        assert caller.ended == "agent"

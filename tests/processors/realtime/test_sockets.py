"""Conversations over real sockets, in real time, on both backends."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from anyio import (
    create_task_group,
    fail_after,
    get_running_tasks,
    move_on_after,
    sleep,
    sleep_forever,
    wait_all_tasks_blocked,
)
from anyio.lowlevel import checkpoint

from voxpipe.pipeline import Pipeline, SessionLost
from voxpipe.pipeline.runtime.timer import TIMERS
from voxpipe.pipeline.testing import Probe, no_leaks
from voxpipe.processors.realtime import (
    Realtime,
    Reconnect,
    Service,
    SessionRefused,
    open_session,
)
from voxpipe.processors.realtime.config.settings import PCM_24K
from voxpipe.processors.realtime.connect import websocket
from voxpipe.processors.realtime.connect.close import Timeouts
from voxpipe.processors.realtime.session import RECONNECT
from voxpipe.processors.tools import Tool, ToolRouter, tool
from voxpipe.simulator import CallTool, Line, Script, Simulator, Timing, ToneVoice
from voxpipe.transports import MemoryPhone

from .call import Call, speech
from .server import Line as Wire
from .server import serving

FAST = Timing(
    first_audio_ms=30,
    first_text_ms=10,
    text_token_ms=0,
    transcription_ms=50,
    rate_limits_ms=0,
    speed=50,
)
LONG = "This is a rather long answer that nobody wants to hear to its end, is it not?"


@tool
async def hours() -> str:
    """Tell when we are open."""
    await sleep(0.02)
    return "six"


@asynccontextmanager
async def call(
    script: Script,
    tools: Sequence[Tool[..., Any]] = (),
    reconnect: Reconnect | None = RECONNECT,
    **options: Any,
) -> AsyncGenerator[Call]:
    """A call to a simulated model on loopback."""
    router = ToolRouter(tools) if tools else None
    schemas = router.schemas if router else ()
    async with (
        Simulator(script, ToneVoice(), **options) as simulator,
        open_session(
            service=Service(base_url=simulator.url, api_key="sk-test"),
            tools=schemas,
            reconnect=reconnect,
        ) as session,
    ):
        yield Call(Realtime(session), router)


async def test_a_whole_conversation() -> None:
    async def plot(conversation: Call) -> None:
        phone, heard = conversation.phone, 0.0
        await conversation.speak(0.4)
        while heard < 0.4:
            heard += (await phone.listen()).duration
        await conversation.speak(0.4)
        while not any(t.final and t.text == "Bye." for t in conversation.transcripts):
            await phone.listen()
        phone.hang_up()

    script = Script(
        replies=(
            Line(heard="When?", calls=(CallTool(name="hours"),)),
            Line(say=f"From {{result}}. {LONG}"),
            Line(heard="Thanks!", say="Bye."),
        ),
        timing=FAST,
    )
    async with no_leaks(), call(script, [hours]) as conversation:
        with fail_after(20):
            await conversation.hold(plot)
        texts = {transcript.text for transcript in conversation.transcripts}
        assert {"When?", "Bye."} <= texts
        cut = conversation.interruptions[0]
        assert 0 < cut.items[0].played < cut.items[0].generated
        assert conversation.faults == []
        assert conversation.model.bill.usd > 0


async def test_a_session_that_expires_is_lost() -> None:
    script = Script(timing=FAST)
    async with no_leaks(), call(script, (), None, lifetime=0.4) as conversation:
        reply = conversation.model.say(LONG)
        with fail_after(10), pytest.raises(SessionLost) as caught:
            await conversation.pipeline.run()
    assert caught.value.code == 1001
    assert (await reply.outcome()).status in ("completed", "failed")


async def test_a_key_that_is_not_accepted_is_refused() -> None:
    simulator = Simulator(Script(), ToneVoice(), accepts=lambda key: False)
    async with no_leaks(), simulator:
        with pytest.raises(SessionRefused, match="check OPENAI_API_KEY") as caught:
            async with open_session(
                service=Service(base_url=simulator.url, api_key="sk-canary")
            ):
                pass
    assert caught.value.code == "invalid_api_key"
    assert "sk-canary" not in str(caught.value)


@pytest.mark.parametrize("ending", [1000, 1001, 1011, 3000, 4000, None, "half-open"])
async def test_every_end_of_the_socket_is_a_lost_session(ending: object) -> None:
    hasty = Timeouts(quiet=0.1, answer=0.1, farewell=0.1)

    async def talk(line: Wire) -> None:
        await line.ready()
        asked = await line.until("response.create")
        metadata = asked["response"]["metadata"]
        response = {"id": "resp_1", "metadata": metadata}
        await line.send("response.created", response=response)
        if isinstance(ending, int):
            await line.close(ending, "that is all")
        elif ending == "half-open":
            await sleep_forever()

    async with (
        no_leaks(),
        serving(talk) as url,
        open_session(
            service=Service(base_url=url, api_key="sk-test"),
            connect=lambda address: websocket(address, hasty),
            reconnect=None,
        ) as session,
    ):
        model = Realtime(session)
        phone, probe = MemoryPhone(PCM_24K, background="silence"), Probe()
        pipeline = Pipeline(
            phone.heard >> model.hears,
            model.says >> phone.speaks,
            model.transcripts >> probe.input,
        )
        reply = model.say("Hello")
        with fail_after(10), pytest.raises(SessionLost) as caught:
            await pipeline.run()
        assert caught.value.code == (ending if isinstance(ending, int) else None)
        assert "raised by the box 'realtime'" in caught.value.__notes__
        assert (await reply.outcome()).status == "failed"


def tasks_there() -> int:
    """How many there are, but for the loop's own."""
    return sum(task.name != TIMERS for task in get_running_tasks())


async def test_cancelled_at_any_moment_nothing_is_left() -> None:
    script = Script(replies=(Line(heard="Hm?", say=LONG),), timing=FAST)

    async def talk(url: str) -> None:
        async with open_session(
            service=Service(base_url=url, api_key="sk-test")
        ) as session:
            conversation = Call(Realtime(session))
            async with create_task_group() as tasks:
                tasks.start_soon(conversation.pipeline.run)
                conversation.model.say("Yes?")
                await conversation.phone.play(speech(0.2))
                await sleep_forever()

    async with Simulator(script, ToneVoice()) as simulator:
        await wait_all_tasks_blocked()  # its own tasks are there
        before = tasks_there()
        async with no_leaks():
            for moment in range(6):
                with fail_after(5), move_on_after(moment * 0.08):
                    await talk(simulator.url)
            with fail_after(5):  # the server's side of it ends by itself
                while tasks_there() > before:
                    await checkpoint()

"""OpenAI's Agents SDK takes a SIP call of the simulator's, as one of the service's.

It is imported where it is used, as in `test_agents_sdk.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import anyio
import pytest
from openai import AsyncOpenAI

from voxpipe.simulator import (
    CallTool,
    Line,
    PlayedReply,
    Script,
    Simulator,
    Timing,
    ToneVoice,
)

from .bench import hum, judge

SCRIPT = Script(
    replies=(
        Line(
            heard="Are you open?",
            calls=(CallTool(name="opening_hours", arguments={"day": "Sunday"}),),
        ),
        Line(say="On Sunday we close at {result.closes}."),
    ),
    timing=Timing(first_audio_ms=0, first_text_ms=0, transcription_ms=0),
)


@pytest.fixture(autouse=True)
def untraced() -> Iterator[None]:
    """Traces of conversations would go to OpenAI's servers."""
    from agents import set_tracing_disabled

    set_tracing_disabled(True)
    yield
    set_tracing_disabled(False)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"  # the Agents SDK knows no other


def opening_hours(day: str) -> dict[str, int]:
    """Tell when we close."""
    assert day == "Sunday"
    return {"closes": 18}


async def listen_to(session: Any, told: list[str]) -> None:
    async for event in session:
        assert event.type != "error", event.error
        if event.type == "raw_model_event" and event.data.type == "raw_server_event":
            judge(event.data.data)
            told.append(event.data.data["type"])


async def test_the_agents_sdk_answers_a_call_with_a_tool() -> None:
    from agents import function_tool
    from agents.realtime import OpenAIRealtimeSIPModel, RealtimeAgent, RealtimeRunner

    agent = RealtimeAgent[Any](
        name="bakery",
        instructions="You answer for a bakery.",
        tools=[function_tool(opening_hours)],
    )
    told: list[str] = []
    replies: list[PlayedReply] = []
    async with (
        Simulator(SCRIPT, ToneVoice()) as simulator,
        AsyncOpenAI(base_url=simulator.url, api_key="sk-test") as openai,
        simulator.incoming_call() as call,
    ):
        payload: Any = await OpenAIRealtimeSIPModel.build_initial_session_payload(
            agent, model_config={"initial_model_settings": {}}
        )
        accepted = payload.model_dump(exclude_none=True)
        await openai.realtime.calls.accept(call.id, **accepted)
        session = await RealtimeRunner(agent, model=OpenAIRealtimeSIPModel()).run(
            model_config={
                "call_id": call.id,
                "url": f"{simulator.websocket_url}?call_id={call.id}",
                "api_key": "sk-test",
            }
        )
        async with session, anyio.create_task_group() as tasks:
            tasks.start_soon(listen_to, session, told)
            with anyio.fail_after(20):
                await call.say(hum(400))
                replies.append(await call.listen())
            tasks.cancel_scope.cancel()
    [reply] = replies
    assert reply.audio.duration > 0.3
    assert not reply.cut
    assert "response.function_call_arguments.done" in told
    assert "response.output_audio.delta" not in told

"""OpenAI's Agents SDK holds a conversation with the simulator, as with the service.

It is imported where it is used: that takes longer than to collect all other tests of
the simulator.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from voxpipe.simulator import CallTool, Line, Script, Simulator, Timing, ToneVoice

from .bench import hum, judge, silence

if TYPE_CHECKING:
    from agents.realtime import RealtimeSession

WORDS = "What is the weather in Rome?"
SCRIPT = Script(
    replies=(
        Line(say="Good evening."),
        Line(
            heard=WORDS,
            calls=(CallTool(name="get_weather", arguments={"city": "Rome"}),),
        ),
        Line(say="It is {result.celsius} degrees in Rome, and it will stay so. " * 9),
        Line(heard="Thank you, that is enough.", say="Goodbye."),
    ),
    timing=Timing(first_audio_ms=20, first_text_ms=5, transcription_ms=50),
)
SETTINGS: Any = {
    "model_name": "gpt-realtime-2.1",
    "audio": {
        "input": {
            "format": "pcm16",
            "transcription": {"model": "whisper-1"},
            "turn_detection": {"type": "server_vad", "interrupt_response": True},
        },
        "output": {"format": "pcm16", "voice": "marin"},
    },
}


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


def get_weather(city: str) -> dict[str, int]:
    """Tell the weather of a city."""
    assert city == "Rome"
    return {"celsius": 21}


class Talk:
    """A session of the Agents SDK, with all that it has told."""

    def __init__(self, session: RealtimeSession) -> None:
        self.session = session
        self.events: list[Any] = []

    async def until(self, wanted: Callable[[Any], bool]) -> Any:
        with anyio.fail_after(20):
            async for event in self.session:
                self.events.append(event)
                assert event.type != "error", event.error
                if (
                    event.type == "raw_model_event"
                    and event.data.type == "raw_server_event"
                ):
                    judge(event.data.data)
                if wanted(event):
                    return event
        raise AssertionError("the session ended")

    async def speak(self, audio: bytes) -> None:
        for start in range(0, len(audio), 960):
            await self.session.send_audio(audio[start : start + 960])

    @property
    def spoken(self) -> list[str]:
        """What the two said, as the SDK keeps it."""
        histories = [e.history for e in self.events if e.type == "history_updated"]
        contents = [
            part for item in histories[-1] for part in getattr(item, "content", ())
        ]
        return [
            part.transcript for part in contents if getattr(part, "transcript", None)
        ]


@asynccontextmanager
async def talk_to(simulator: Simulator) -> AsyncGenerator[Talk]:
    from agents import function_tool
    from agents.realtime import RealtimeAgent, RealtimeRunner

    agent = RealtimeAgent[Any](
        name="weather",
        instructions="Tell the weather.",
        tools=[function_tool(get_weather)],
    )
    runner = RealtimeRunner(agent)
    url = f"{simulator.websocket_url}?model=gpt-realtime-2.1"
    session = await runner.run(
        model_config={
            "url": url,
            "api_key": "sk-test",
            "initial_model_settings": SETTINGS,
        }
    )
    async with session:
        yield Talk(session)


def is_event(name: str) -> Callable[[Any], bool]:
    return lambda event: event.type == name


def is_server_event(name: str) -> Callable[[Any], bool]:
    def matches(event: Any) -> bool:
        if event.type != "raw_model_event" or event.data.type != "raw_server_event":
            return False
        return bool(event.data.data["type"] == name)

    return matches


async def test_the_agents_sdk_converses_calls_a_tool_and_is_interrupted() -> None:
    question = ToneVoice().speak(WORDS, "ash", 1.0)
    async with Simulator(SCRIPT, ToneVoice()) as simulator, talk_to(simulator) as talk:
        await talk.until(is_server_event("session.updated"))
        await talk.session.send_message("Hello.")
        audio = await talk.until(is_event("audio"))
        assert audio.audio.data
        await talk.until(is_event("audio_end"))
        await talk.until(is_server_event("response.done"))

        await talk.speak(silence(300) + question + silence(500))
        start = await talk.until(is_event("tool_start"))
        assert start.tool.name == "get_weather"
        end = await talk.until(is_event("tool_end"))
        assert end.output == {"celsius": 21}

        await talk.until(is_event("audio"))
        await talk.speak(hum(600))
        await talk.until(is_event("audio_interrupted"))
        cut = await talk.until(is_server_event("conversation.item.truncated"))
        assert cut.data.data["audio_end_ms"] < 5_000

        await talk.speak(silence(500))
        await talk.until(is_server_event("response.created"))
        await talk.until(is_event("agent_end"))
    assert "Good evening." in talk.spoken
    assert WORDS in talk.spoken
    assert talk.spoken[-1] == "Goodbye."

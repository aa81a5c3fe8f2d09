"""The official SDK holds a conversation with the simulator."""

from __future__ import annotations

import base64
import json
from typing import Any

import anyio
import pytest
from openai import AsyncOpenAI
from openai.types.realtime import RealtimeFunctionToolParam
from websockets.exceptions import ConnectionClosedError

from voxpipe.simulator import CallTool, Line, Script, Simulator, Timing, ToneVoice

from .bench import hum, judge, silence

SCRIPT = Script(
    replies=(
        Line(say="Good evening."),
        Line(
            heard="What is the weather in Rome?",
            say="One moment.",
            calls=(CallTool(name="get_weather", arguments={"city": "Rome"}),),
        ),
        Line(say="It is {result.celsius} degrees in Rome, and it will stay so. " * 9),
        Line(heard="Thank you, that is enough.", say="Goodbye."),
    ),
    timing=Timing(first_audio_ms=20, first_text_ms=5, transcription_ms=50),
)
TOOL: RealtimeFunctionToolParam = {
    "type": "function",
    "name": "get_weather",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
}
WORDS = "What is the weather in Rome?"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"  # the SDK knows no other


class Talk:
    """A connection of the SDK, with what was heard and said."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self.transcripts: list[str] = []

    async def until(self, type: str) -> Any:
        with anyio.fail_after(20):
            while True:
                event = await self.connection.recv()
                judge(json.loads(event.model_dump_json(exclude_unset=True)))
                if event.type.endswith(("transcription.completed", "transcript.done")):
                    self.transcripts.append(event.transcript)
                assert event.type != "error", event
                if event.type == type:
                    return event

    async def speak(self, audio: bytes) -> None:
        for start in range(0, len(audio), 960):
            chunk = base64.b64encode(audio[start : start + 960]).decode()
            await self.connection.input_audio_buffer.append(audio=chunk)


async def test_the_sdk_converses_calls_a_tool_and_interrupts() -> None:
    question = ToneVoice().speak(WORDS, "ash", 1.0)
    async with Simulator(SCRIPT, ToneVoice()) as simulator:
        client = AsyncOpenAI(base_url=simulator.url, api_key="sk-test")
        async with client.realtime.connect(model="gpt-realtime-2.1") as connection:
            talk = Talk(connection)
            created = await talk.until("session.created")
            assert created.session.model == "gpt-realtime-2.1"
            await connection.session.update(
                session={
                    "type": "realtime",
                    "tools": [TOOL],
                    "audio": {"input": {"transcription": {"model": "whisper-1"}}},
                }
            )
            await talk.until("session.updated")

            await connection.conversation.item.create(
                item={
                    "type": "message",
                    "role": "user",
                    "content": [{"type": "input_text", "text": "Hello."}],
                }
            )
            await connection.response.create(response={"output_modalities": ["text"]})
            text = await talk.until("response.output_text.done")
            assert text.text == "Good evening."
            await talk.until("rate_limits.updated")

            await talk.speak(silence(300) + question + silence(500))
            call = await talk.until("response.function_call_arguments.done")
            assert (call.name, json.loads(call.arguments)) == (
                "get_weather",
                {"city": "Rome"},
            )
            await talk.until("response.done")
            await connection.conversation.item.create(
                item={
                    "type": "function_call_output",
                    "call_id": call.call_id,
                    "output": '{"celsius": 21}',
                }
            )
            await connection.response.create()

            delta = await talk.until("response.output_audio.delta")
            await talk.speak(hum(600))
            done = await talk.until("response.done")
            assert done.response.status == "cancelled"
            assert done.response.status_details.reason == "turn_detected"
            await connection.conversation.item.truncate(
                item_id=delta.item_id, content_index=0, audio_end_ms=100
            )
            cut = await talk.until("conversation.item.truncated")
            assert cut.audio_end_ms == 100
            await talk.speak(silence(500))
            done = await talk.until("response.done")
            assert done.response.status == "completed"
            assert done.response.output[0].content[0].transcript == "Goodbye."
            assert done.response.usage.total_tokens > 0
        await client.close()
    assert WORDS in talk.transcripts
    assert "Thank you, that is enough." in talk.transcripts
    assert talk.transcripts[-1] == "Goodbye."


async def test_the_sdk_is_told_that_its_key_is_wrong() -> None:
    async with Simulator(SCRIPT, ToneVoice(), accepts="sk-right".__eq__) as simulator:
        client = AsyncOpenAI(base_url=simulator.url, api_key="wrong")
        async with client.realtime.connect(model="gpt-realtime-2.1") as connection:
            event = await connection.recv()
            assert event.type == "error"
            assert event.error.code == "invalid_api_key"
            with pytest.raises(ConnectionClosedError) as closed:
                await connection.recv()
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 3000
        await client.close()

"""The official SDK's connection in a transcription session, against the simulator."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

import anyio
import pytest
from openai import AsyncOpenAI

from voxpipe.simulator import Line, Script, Simulator, Timing, ToneVoice

from .bench import hum, judge, silence

NAME = "conversation.item.input_audio_transcription"
SCRIPT = Script(
    replies=(Line(heard="Good evening."), Line(heard="A: Hello.\nB: Hello there.")),
    timing=Timing(transcription_ms=50),
)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"  # the SDK knows no other


async def test_the_sdk_has_two_turns_written_down_by_two_models() -> None:
    async with (
        Simulator(SCRIPT, ToneVoice()) as simulator,
        AsyncOpenAI(base_url=simulator.url, api_key="sk-test") as client,
        client.realtime.connect(extra_query={"intent": "transcription"}) as connection,
    ):
        seen = await written(connection, "gpt-realtime-whisper")
        assert seen[-1].transcript == "Good evening."
        assert seen[-1].usage.type == "duration"
        names = [event.type for event in seen]
        # Words come before the turn is committed.
        committed = names.index("input_audio_buffer.committed")
        assert names.index(f"{NAME}.delta") < committed

        seen = await written(connection, "gpt-4o-transcribe-diarize")
        segments = [event for event in seen if event.type == f"{NAME}.segment"]
        assert [event.speaker for event in segments] == ["A", "B"]
        assert seen[-1].transcript == "Hello. Hello there."
        assert seen[-1].usage.type == "tokens"


async def written(connection: Any, model: str) -> list[Any]:
    """Say something; all events up to its transcript."""
    hears = {"transcription": {"model": model}, "turn_detection": None}
    session = {"type": "transcription", "audio": {"input": hears}}
    await connection.session.update(session=session)
    audio = b64encode(hum(2000) + silence(200)).decode()
    await connection.input_audio_buffer.append(audio=audio)
    await connection.input_audio_buffer.commit()
    seen: list[Any] = []
    with anyio.fail_after(20):
        while not seen or seen[-1].type != f"{NAME}.completed":
            event = await connection.recv()
            judge(json.loads(event.model_dump_json(exclude_unset=True)))
            assert event.type != "error", event
            seen.append(event)
    return seen

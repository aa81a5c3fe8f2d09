"""The official SDK's translation connection, against the simulator."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode

import anyio
import pytest
from openai import AsyncOpenAI
from openai.lib.realtime_translation import AsyncTranslationSession
from openai.types.realtime.realtime_translation_session_update_event_param import (
    RealtimeTranslationSessionUpdateEventParam,
)
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosedError

from voxpipe.simulator import Line, Script, Simulator, ToneVoice

from .bench import hum, silence

SCRIPT = Script(replies=(Line(heard="Guten Abend.", say="Good evening."),))

CONFIGURED: RealtimeTranslationSessionUpdateEventParam = {
    "type": "session.update",
    "session": {
        "audio": {
            "output": {"language": "en"},
            "input": {"transcription": {"model": "gpt-realtime-whisper"}},
        }
    },
}


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"  # the SDK knows no other


async def test_the_sdk_translates_and_closes_when_all_of_it_is_out() -> None:
    heard = said = ""
    sound = b""
    async with (
        Simulator(SCRIPT, ToneVoice()) as simulator,
        AsyncOpenAI(base_url=simulator.url, api_key="sk-test") as client,
        AsyncTranslationSession(
            client.realtime.translations, model="gpt-realtime-translate"
        ) as connection,
    ):
        await connection.send(CONFIGURED)
        pcm = hum(1000) + silence(600)
        for start in range(0, len(pcm), 9_600):
            chunk = b64encode(pcm[start : start + 9_600]).decode()
            await connection.send(
                {"type": "session.input_audio_buffer.append", "audio": chunk}
            )
        await connection.send({"type": "session.close"})
        types: list[str] = []
        with anyio.fail_after(20):
            while "session.closed" not in types:
                event = await connection.recv()
                types.append(event.type)
                if event.type == "session.updated":
                    assert event.session.audio.output
                    assert event.session.audio.output.language == "en"
                elif event.type == "session.input_transcript.delta":
                    heard += event.delta
                elif event.type == "session.output_transcript.delta":
                    said += event.delta
                elif event.type == "session.output_audio.delta":
                    sound += b64decode(event.delta)
    assert types[:2] == ["session.created", "session.updated"]
    assert "error" not in types
    assert (heard, said) == ("Guten Abend.", "Good evening.")
    assert sound == ToneVoice().speak("Good evening.", "interpreter", 1.0)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("", "missing_model"),
        ("?model=gpt-realtime-2.1", "invalid_model"),
        ("?model=gpt-realtime-translate&intent=transcription", "unknown_parameter"),
    ],
)
async def test_who_asks_for_another_session_there_is_sent_away(
    query: str, code: str
) -> None:
    async with Simulator(SCRIPT, ToneVoice()) as simulator:
        url = f"{simulator.websocket_url}/translations{query}"
        headers = {"Authorization": "Bearer sk-test"}
        async with connect(url, additional_headers=headers) as socket:
            event = json.loads(await socket.recv())
            assert event["error"]["code"] == code
            with pytest.raises(ConnectionClosedError) as closed:
                await socket.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4000

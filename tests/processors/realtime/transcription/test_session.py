"""What a transcription can be asked for, and what is refused before it is sent."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from voxpipe.pipeline import AudioFormat, FormatError
from voxpipe.processors.realtime import (
    ConfigurationError,
    Connection,
    ServerVad,
    Service,
    open_transcription,
)
from voxpipe.processors.realtime.config import NoiseReduction, RetirementWarning
from voxpipe.processors.realtime.connect import Address

SESSION = {"id": "sess_1", "expires_at": 2_000_000_000}


class FakeService:
    """Acknowledges everything; keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.url = ""
        self._says = ["session.created", "session.updated"]

    @asynccontextmanager
    async def connect(self, address: Address) -> AsyncGenerator[Connection]:
        """For ``connect=``."""
        self.url = address.url
        yield self

    async def send(self, message: str, /) -> None:
        """Keep what the client asks."""
        self.asked.append(json.loads(message)["session"])

    async def receive(self) -> str:
        """Acknowledge."""
        return json.dumps({"type": self._says.pop(0), "session": SESSION})


async def asked(**options: Any) -> dict[str, Any]:
    """The session that is asked for."""
    service = FakeService()
    async with open_transcription(
        service=Service(api_key="sk-x"), connect=service.connect, **options
    ) as session:
        assert (session.id, session.expires_at) == ("sess_1", 2_000_000_000)
        assert session.host == "api.openai.com"
    assert service.url == "wss://api.openai.com/v1/realtime?intent=transcription"
    return service.asked[0]


async def test_it_is_a_session_of_its_own_type_with_nothing_about_replies() -> None:
    assert await asked() == {
        "type": "transcription",
        "audio": {
            "input": {
                "format": {"type": "audio/pcm", "rate": 24_000},
                "transcription": {"model": "gpt-transcribe"},
                "turn_detection": {
                    "type": "server_vad",
                    "threshold": 0.5,
                    "prefix_padding_ms": 300,
                    "silence_duration_ms": 500,
                },
            }
        },
    }


async def test_everything_can_be_asked_for() -> None:
    session = await asked(
        languages=["en", "it"],
        prompt="At a trattoria.",
        keywords=["lasagne"],
        turn_detection=ServerVad(silence_ms=300, threshold=0.7),
        audio=AudioFormat("alaw", 8_000),
        noise_reduction=NoiseReduction(microphone="far_field", strength=0.5),
        include=["item.input_audio_transcription.logprobs"],
    )
    hears = session["audio"]["input"]
    assert hears["transcription"] == {
        "model": "gpt-transcribe",
        "languages": ["en", "it"],
        "prompt": "At a trattoria.",
        "keywords": ["lasagne"],
    }
    assert hears["format"] == {"type": "audio/pcma"}
    assert hears["noise_reduction"] == {"type": "far_field", "strength": 0.5}
    assert hears["turn_detection"]["silence_duration_ms"] == 300
    assert session["include"] == ["item.input_audio_transcription.logprobs"]


@pytest.mark.parametrize("model", ["gpt-realtime-whisper", "gpt-live-transcribe"])
async def test_models_that_stream_have_no_turn_detection(model: str) -> None:
    session = await asked(model=model)
    assert session["audio"]["input"]["turn_detection"] is None
    assert (await asked(model=model, turn_detection="local"))["audio"]["input"][
        "turn_detection"
    ] is None


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (
            {"model": "gpt-realtime-whisper", "turn_detection": "server"},
            "turn_detection",
        ),
        (
            {"model": "gpt-live-transcribe", "turn_detection": ServerVad()},
            "turn_detection",
        ),
        ({"turn_detection": ServerVad(idle_ms=5_000)}, "idle_ms"),
        ({"turn_detection": "sometimes"}, "turn_detection"),
        ({"language": "en", "languages": ["en", "it"]}, "not both"),
        ({"model": "gpt-realtime-whisper", "prompt": "x"}, "prompt"),
        ({"model": "gpt-realtime-whisper", "keywords": ["x"]}, "keywords"),
        ({"delay": "low"}, "delay"),
        ({"model": "gpt-realtime-whisper", "delay": "soon"}, "delay"),
        ({"noise_reduction": "nowhere"}, "noise_reduction"),
    ],
)
async def test_what_the_service_forbids_is_not_sent(
    options: dict[str, Any], why: str
) -> None:
    service = FakeService()
    with pytest.raises(ConfigurationError, match=why):
        async with open_transcription(
            service=Service(api_key="sk-x"), connect=service.connect, **options
        ):
            pass
    assert service.url == ""


async def test_audio_that_the_service_does_not_speak_is_refused() -> None:
    with pytest.raises(FormatError, match="24000"):
        await asked(audio=AudioFormat("pcm16", 16_000))


async def test_a_model_that_ends_is_warned_of() -> None:
    with pytest.warns(RetirementWarning, match="2027-02-26"):
        await asked(model="whisper-1")

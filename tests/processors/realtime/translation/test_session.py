"""What a translation can be asked for, and what is refused before it is sent."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import SecretStr

from voxpipe.processors.realtime import (
    ConfigurationError,
    Service,
    SessionRefused,
    open_translation,
)
from voxpipe.processors.realtime.config import NoiseReduction, RetirementWarning
from voxpipe.simulator import Simulator, ToneVoice

from .service import FakeService


async def asked(
    service: FakeService, where: dict[str, Any] | None = None, **options: Any
) -> dict[str, Any]:
    """The session that is asked for."""
    here = Service(api_key="sk-x", **(where or {}))
    async with open_translation(
        service=here, connect=service.connect, **options
    ) as session:
        assert (session.id, session.expires_at) == ("sess_1", 2_000_000_000)
    (update,) = service.asked
    assert update["type"] == "session.update"
    wanted: dict[str, Any] = update["session"]
    return wanted


async def test_only_what_is_asked_for_is_sent() -> None:
    service = FakeService()
    assert await asked(service, language="es") == {
        "audio": {"output": {"language": "es"}}
    }
    assert service.address is not None
    assert service.address.url == (
        "wss://api.openai.com/v1/realtime/translations?model=gpt-realtime-translate"
    )


async def test_everything_can_be_asked_for() -> None:
    service = FakeService()
    wanted = await asked(
        service,
        language="pt-BR",
        transcription="gpt-realtime-whisper",
        noise_reduction=NoiseReduction(microphone="far_field", strength=0.5),
        where={"region": "eu", "safety_identifier": "hashed"},
    )
    assert wanted["audio"] == {
        "output": {"language": "pt-BR"},
        "input": {
            "transcription": {"model": "gpt-realtime-whisper"},
            "noise_reduction": {"type": "far_field", "strength": 0.5},
        },
    }
    assert service.address is not None
    assert service.address.host == "eu.api.openai.com"
    assert service.address.headers()["OpenAI-Safety-Identifier"] == "hashed"


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"language": "Spanish"}, "code such as es"),
        ({"language": ""}, "code such as es"),
        ({"language": "es", "model": "gpt-realtime-2.1"}, "does not translate"),
        ({"language": "es", "noise_reduction": "nowhere"}, "noise_reduction"),
        (
            {
                "language": "es",
                "where": {"base_url": "https://x.openai.azure.com/openai/v1"},
            },
            "Azure",
        ),
        ({"language": "es", "where": {"base_url": "http://example.com/v1"}}, "clear"),
    ],
)
async def test_what_the_service_forbids_is_not_sent(
    options: dict[str, Any], why: str
) -> None:
    service = FakeService()
    with pytest.raises(ConfigurationError, match=why):
        await asked(service, **options)
    assert service.address is None


async def test_a_transcriber_that_ends_is_warned_of() -> None:
    with pytest.warns(RetirementWarning, match="whisper-1"):
        await asked(FakeService(), language="es", transcription="whisper-1")


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_the_simulator_s_refusal_is_told_by_its_code() -> None:
    async with Simulator(voice=ToneVoice(), accepts=lambda key: False) as simulator:
        with pytest.raises(SessionRefused, match="invalid_api_key") as refused:
            async with open_translation(
                language="es",
                service=Service(
                    base_url=simulator.url, api_key=SecretStr("sk-canary-0123456789")
                ),
            ):
                pass
    assert "canary" not in str(refused.value)

"""Statements 12 and 101, and the Responses API: REST, judged by the official SDK."""

from __future__ import annotations

import json
from typing import Any

import anyio
import pytest
from openai import (
    APIStatusError,
    AsyncOpenAI,
    AuthenticationError,
    BadRequestError,
    NotFoundError,
    RateLimitError,
)

from voxpipe.simulator import Simulator, ToneVoice
from voxpipe.simulator.net.keys import IssuedSecret, Keys, any_key

from .web_client import connect


def simulator(**options: Any) -> Simulator:
    return Simulator(None, ToneVoice(), **options)


def client(server: Simulator, key: str = "sk-test") -> AsyncOpenAI:
    return AsyncOpenAI(base_url=server.url, api_key=key, max_retries=0)


async def first_event(server: Simulator, key: str, query: str = "") -> dict[str, Any]:
    bearer = {"Authorization": f"Bearer {key}"}
    async with connect(f"{server.websocket_url}{query}", bearer) as socket:
        with anyio.fail_after(10):
            event: dict[str, Any] = json.loads(await socket.recv())
    return event


async def test_12_a_client_secret_opens_sessions_until_it_expires() -> None:
    async with simulator() as server, client(server) as openai:
        secret = await openai.realtime.client_secrets.create()
        for _ in range(2):
            event = await first_event(server, secret.value, "?model=gpt-realtime")
            assert event["type"] == "session.created"
        server.expire_client_secrets()
        event = await first_event(server, secret.value, "?model=gpt-realtime")
        assert event["error"]["code"] == "invalid_api_key"
        assert "expired" in event["error"]["message"]


async def test_12_a_session_outlives_the_secret_that_opened_it() -> None:
    async with simulator() as server, client(server) as openai:
        secret = await openai.realtime.client_secrets.create()
        bearer = {"Authorization": f"Bearer {secret.value}"}
        url = f"{server.websocket_url}?model=gpt-realtime"
        async with connect(url, bearer) as socket:
            await socket.recv()
            server.expire_client_secrets()
            await socket.send('{"type": "input_audio_buffer.clear"}')
            cleared = json.loads(await socket.recv())
            assert cleared["type"] == "input_audio_buffer.cleared"


def test_12_a_secret_is_good_up_to_the_second_it_expires() -> None:
    now = 100.0
    keys = Keys(lambda key: False, lambda: now)
    secret = IssuedSecret("ek_1", 700, {"type": "realtime"})
    keys.add(secret)
    now = 699.9
    assert keys.check("ek_1") is secret
    now = 700.0
    with pytest.raises(Exception, match="expired"):
        keys.check("ek_1")


def test_old_secrets_are_forgotten_and_none_shows_itself() -> None:
    keys = Keys(any_key, lambda: 0.0)
    for number in range(10_001):
        keys.add(IssuedSecret(f"ek_{number}", 1, {}))
    assert keys.check("ek_0") is None
    newest = keys.check("ek_10000")
    assert newest is not None
    assert "ek_" not in repr(newest)


async def test_101_a_client_secret_lasts_600_seconds_unless_told_otherwise() -> None:
    async with simulator() as server, client(server) as openai:
        usual = await openai.realtime.client_secrets.create()
        longest = await openai.realtime.client_secrets.create(
            expires_after={"anchor": "created_at", "seconds": 7200}
        )
    assert usual.value.startswith("ek_")
    assert 6598 <= longest.expires_at - usual.expires_at <= 6602
    assert usual.session.type == "realtime"
    assert usual.session.object == "realtime.session"


@pytest.mark.parametrize(
    ("expires_after", "code"),
    [
        ({"anchor": "created_at", "seconds": 9}, "integer_below_min_value"),
        ({"anchor": "created_at", "seconds": 7201}, "integer_above_max_value"),
        ({"anchor": "last_used_at", "seconds": 600}, "invalid_value"),
        ({"seconds": 60.5}, "invalid_type"),
    ],
)
async def test_101_the_life_of_a_secret_has_its_bounds(
    expires_after: Any, code: str
) -> None:
    async with simulator() as server, client(server) as openai:
        with pytest.raises(BadRequestError) as refused:
            await openai.realtime.client_secrets.create(expires_after=expires_after)
    assert refused.value.code == code
    assert refused.value.param is not None
    assert refused.value.param.startswith("expires_after.")


async def test_101_the_session_of_a_secret_is_checked_and_shown_in_full() -> None:
    async with simulator() as server, client(server) as openai:
        secret = await openai.realtime.client_secrets.create(
            session={
                "type": "realtime",
                "model": "gpt-realtime-2.1",
                "audio": {"output": {"voice": "marin"}},
            }
        )
        session: Any = secret.session
        assert session.model == "gpt-realtime-2.1"
        assert session.audio.output.voice == "marin"
        assert session.audio.input.turn_detection.silence_duration_ms == 200
        with pytest.raises(BadRequestError) as refused:
            await openai.realtime.client_secrets.create(
                session={"type": "realtime", "audio": {"output": {"speed": 9.0}}}
            )
        assert refused.value.param == "session.audio.output.speed"
        with pytest.raises(BadRequestError) as unknown:
            await openai.realtime.client_secrets.create(
                session={"type": "realtime", "model": "gpt-nope"}
            )
        assert unknown.value.code == "invalid_model"


async def test_a_secret_brings_its_session_along() -> None:
    async with simulator() as server, client(server) as openai:
        secret = await openai.realtime.client_secrets.create(
            session={
                "type": "realtime",
                "model": "gpt-realtime-2.1",
                "instructions": "Be brief.",
            }
        )
        begun = (await first_event(server, secret.value))["session"]
        assert (begun["model"], begun["instructions"]) == (
            "gpt-realtime-2.1",
            "Be brief.",
        )
        other = await first_event(server, secret.value, "?model=gpt-realtime-mini")
        assert other["session"]["model"] == "gpt-realtime-mini"
        assert other["session"]["instructions"] == "Be brief."


async def test_a_secret_for_transcription_opens_transcription() -> None:
    async with simulator() as server, client(server) as openai:
        secret = await openai.realtime.client_secrets.create(
            session={
                "type": "transcription",
                "audio": {"input": {"transcription": {"model": "gpt-transcribe"}}},
            }
        )
        assert secret.session.type == "transcription"
        begun = (await first_event(server, secret.value))["session"]
    assert begun["type"] == "transcription"
    assert begun["audio"]["input"]["transcription"]["model"] == "gpt-transcribe"


async def test_a_secret_for_translation_opens_translation() -> None:
    async with simulator() as server, client(server) as openai:
        secret = await openai.realtime.translations.client_secrets.create(
            session={
                "model": "gpt-realtime-translate",
                "audio": {"output": {"language": "fr"}},
            }
        )
        assert secret.session.type == "translation"
        type(secret).model_validate_json(secret.model_dump_json(), strict=True)
        begun = (await first_event(server, secret.value, "/translations"))["session"]
        assert begun["audio"]["output"]["language"] == "fr"
        with pytest.raises(BadRequestError) as refused:
            await openai.realtime.translations.client_secrets.create(
                session={"model": "gpt-realtime"}
            )
        assert refused.value.code == "invalid_model"


async def test_a_wrong_key_gets_401_and_does_not_come_back() -> None:
    server = simulator(accepts="sk-test".__eq__)
    async with server, client(server, "wrong-key") as openai:
        with pytest.raises(AuthenticationError) as refused:
            await openai.realtime.client_secrets.create()
    assert refused.value.code == "invalid_api_key"
    assert "wrong-key" not in str(refused.value)


async def test_an_overloaded_service_turns_requests_away() -> None:
    async with simulator() as server, client(server) as openai:
        server.turn_away(503, requests=2, retry_after=7)
        for _ in range(2):
            with pytest.raises(APIStatusError) as refused:
                await openai.realtime.client_secrets.create()
            assert refused.value.status_code == 503
            assert refused.value.code == "server_is_overloaded"
            assert refused.value.response.headers["retry-after"] == "7"
        await openai.realtime.client_secrets.create()
        server.turn_away(429)
        with pytest.raises(RateLimitError) as slow:
            await openai.realtime.client_secrets.create()
        assert slow.value.code == "slow_down"
        patient = openai.with_options(max_retries=2)
        server.turn_away(503, retry_after=0)
        assert (await patient.realtime.client_secrets.create()).value


async def test_what_there_is_not_is_404_and_the_wrong_method_405() -> None:
    async with simulator() as server, client(server) as openai:
        with pytest.raises(NotFoundError, match="Invalid URL"):
            await openai.models.list()
        with pytest.raises(APIStatusError) as refused:
            await openai.get("/responses", cast_to=object)
    assert refused.value.status_code == 405


async def test_a_text_model_answers() -> None:
    async with simulator() as server, client(server) as openai:
        response = await openai.responses.create(model="gpt-5", input="2 + 2?")
        messages = await openai.responses.create(
            model="gpt-5", input=[{"role": "user", "content": "3 + 3?"}]
        )
    assert response.output_text == "You asked: 2 + 2?"
    assert messages.output_text == "You asked: 3 + 3?"
    type(response).model_validate_json(response.model_dump_json(), strict=True)

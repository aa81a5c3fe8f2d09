"""The REST side against the simulator, over a real socket, on both backends."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Literal

import pytest

from voxpipe.pipeline.testing import no_leaks
from voxpipe.processors.realtime import SemanticVad, Service, Settings
from voxpipe.processors.realtime.rest import Rest, RestError, open_rest
from voxpipe.simulator import Script, Simulator, ToneVoice

KEY = "sk-of-the-test"
OFFER = (
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"
    "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n"
)


@asynccontextmanager
async def service(key: str = KEY) -> AsyncGenerator[tuple[Simulator, Rest]]:
    async with (
        no_leaks(),
        Simulator(Script(), ToneVoice(), accepts=KEY.__eq__) as simulator,
        open_rest(service=Service(api_key=key, base_url=simulator.url)) as rest,
    ):
        yield simulator, rest


async def test_a_client_secret_opens_the_rest_side_as_a_browser_would() -> None:
    async with service() as (simulator, rest):
        secret = await rest.client_secret(
            Settings(turn_detection=SemanticVad()), seconds=60
        )
        async with open_rest(
            service=Service(api_key=secret.value, base_url=simulator.url)
        ) as browser:
            answer = await browser.answer(OFFER)
        assert answer.sdp.startswith("v=0")
        assert answer.call_id.startswith("rtc_")
        await rest.hang_up(answer.call_id)


async def test_an_offer_may_bring_its_settings() -> None:
    async with service() as (_, rest):
        answer = await rest.answer(OFFER, Settings(voice="marin"))
        assert answer.call_id.startswith("rtc_")


async def test_a_translation_secret_is_made() -> None:
    async with service() as (_, rest):
        secret = await rest.translation_secret("de", seconds=10)
        assert secret.value.get_secret_value().startswith("ek_")


async def test_a_call_is_accepted_once_and_hung_up() -> None:
    async with service() as (simulator, rest), simulator.incoming_call() as call:
        await rest.accept(call.id, Settings(instructions="Be brief."))
        await call.answered()
        with pytest.raises(RestError) as caught:
            await rest.accept(call.id)
        assert caught.value.status == 400
        assert caught.value.code == "call_already_accepted"
        await rest.hang_up(call.id)
        assert await call.over() == "app"
        with pytest.raises(RestError, match="no such call any more") as caught:
            await rest.hang_up(call.id)
        assert caught.value.status == 404


async def test_a_call_is_rejected() -> None:
    async with service() as (simulator, rest), simulator.incoming_call() as call:
        await rest.reject(call.id, 486)
        assert call.state == "rejected"


async def test_a_call_is_passed_on() -> None:
    async with service() as (simulator, rest), simulator.incoming_call() as call:
        await rest.accept(call.id)
        await rest.refer(call.id, "tel:+4930123456")
        assert call.referred_to == "tel:+4930123456"


async def test_a_wrong_key_is_a_401() -> None:
    async with service("not-a-key") as (_, rest):
        with pytest.raises(RestError, match="check the API key") as caught:
            await rest.client_secret()
    assert caught.value.status == 401
    assert "not-a-key" not in str(caught.value)


BUSY: list[tuple[Literal[429, 503], str]] = [
    (429, "slow_down"),
    (503, "server_is_overloaded"),
]


async def test_an_overloaded_service_says_when_to_come_again() -> None:
    async with service() as (simulator, rest), simulator.incoming_call() as call:
        for status, code in BUSY:
            simulator.turn_away(status, retry_after=2)
            with pytest.raises(RestError) as caught:
                await rest.accept(call.id)
            error = caught.value
            assert (error.status, error.code, error.retry_after) == (status, code, 2.0)
        await rest.accept(call.id)
        await call.answered()


async def test_a_secret_that_has_expired_opens_nothing() -> None:
    async with service() as (simulator, rest):
        secret = await rest.client_secret(seconds=10)
        simulator.expire_client_secrets()
        async with open_rest(
            service=Service(api_key=secret.value, base_url=simulator.url)
        ) as browser:
            with pytest.raises(RestError) as caught:
                await browser.answer(OFFER)
        assert caught.value.status == 401
        assert secret.value.get_secret_value() not in str(caught.value)

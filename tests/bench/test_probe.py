"""A synthetic caller tells of a deployment what a person at the telephone would."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
from anyio import sleep_forever

from tests.monitoring.calls import THINKS, desk, script
from voxpipe.bench.probe import CARRIERS, carrier, probe
from voxpipe.console import assistant
from voxpipe.console.phones import carriers
from voxpipe.pipeline import ConfigurationError
from voxpipe.processors.realtime.connect.way import connecting
from voxpipe.simulator import Line, simulated
from voxpipe.transports.serving import Server
from voxpipe.transports.telephony import Call, Switchboard
from voxpipe.transports.telephony.carrier import CarrierEndpoints
from voxpipe.transports.telephony.switchboard import App
from voxpipe.transports.telephony.testing import CallRefused

PUBLIC = "https://calls.example.com"
KNOWN = {
    "TWILIO_AUTH_TOKEN": "0123456789abcdef",
    "PLIVO_AUTH_TOKEN": "0123456789abcdef",
    "VONAGE_SIGNATURE_SECRET": "0123456789abcdef0123456789abcdef",
    "EXOTEL_USER": "desk",
    "EXOTEL_PASSWORD": "0123456789abcdef",
    "GENESYS_API_KEY": "key",
    "GENESYS_CLIENT_SECRET": "MDEyMzQ1Njc4OWFiY2RlZg==",
}


async def rude(call: Call) -> None:
    """Hangs up at once."""


@pytest.fixture
def anyio_backend() -> str:
    """Our server's."""
    return "asyncio"


@asynccontextmanager
async def deployed(app: App) -> AsyncGenerator[str]:
    """An app that is reached by carriers which are known; where it really is."""
    endpoints = CarrierEndpoints(Switchboard(app), carriers(KNOWN), public_url=PUBLIC)
    async with Server(endpoints) as server:
        yield server.url


@pytest.mark.parametrize("name", CARRIERS)
async def test_it_is_known_as_each_carrier_by_what_the_server_knows(name: str) -> None:
    async with deployed(rude) as url:
        async with carrier(name, url, PUBLIC, KNOWN).call() as person:
            await person.wait_closed()
        with pytest.raises(CallRefused):
            async with carrier(name, url, PUBLIC, {}).call():
                pass


@pytest.mark.slow
@pytest.mark.parametrize("name", ["twilio", "vonage", "exotel"])  # three formats
async def test_it_is_answered_and_tells_how_soon(name: str) -> None:
    async def helpful(call: Call) -> None:
        with connecting(lambda _: simulated(script(Line(say="Yes.")))):
            await assistant.answer(call)

    async with deployed(helpful) as url:
        found = await probe(carrier(name, url, PUBLIC, KNOWN))

    assert (found.outcome, found.why) == ("answered", "")
    assert found.answer is not None
    assert found.answer > 0.5 + THINKS - 0.05  # silence that is waited for, and a model
    assert found.connected is not None
    assert (found.underruns, found.violations) == (0, 0)


async def test_who_is_not_let_in_says_so() -> None:
    async with deployed(desk()) as url:
        found = await probe(carrier("twilio", url, PUBLIC, {}))

    assert found.outcome == "refused"
    assert "403" in found.why
    assert found.answer is None


async def test_nobody_there_is_a_refusal_too() -> None:
    async with deployed(desk()) as url:
        pass
    found = await probe(carrier("twilio", url, PUBLIC, KNOWN))
    assert found.outcome == "refused"
    assert found.why.startswith("nobody answers")


async def test_an_app_that_hangs_up_is_no_answer() -> None:
    async with deployed(rude) as url:
        found = await probe(carrier("twilio", url, PUBLIC, KNOWN))
    assert found.outcome == "lost"


@pytest.mark.slow
async def test_an_app_that_says_nothing_is_no_answer() -> None:
    async def mute(call: Call) -> None:
        await sleep_forever()

    async with deployed(mute) as url:
        found = await probe(carrier("twilio", url, PUBLIC, KNOWN), timeout=0.5)
    assert found.outcome == "unanswered"
    assert found.why == "no answer within 0.5 s"


def test_a_url_that_is_none_is_refused_with_what_was_expected() -> None:
    with pytest.raises(ConfigurationError, match="expected http://host:port"):
        carrier("twilio", "calls.example.com", None, {})
    with pytest.raises(ConfigurationError, match="expected one of twilio, plivo"):
        carrier("telnyx", "http://127.0.0.1:1", None, {})

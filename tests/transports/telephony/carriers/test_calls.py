"""Calls of all carriers to one server, over real sockets: who may, and who may not.

On asyncio, which our server runs on.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any

import pytest
from anyio import fail_after, sleep

from voxpipe.pipeline import AudioFormat, AudioFrame
from voxpipe.pipeline.testing import no_leaks
from voxpipe.transports.serving import Server
from voxpipe.transports.telephony import App, Call, Switchboard
from voxpipe.transports.telephony.carrier import CarrierEndpoints
from voxpipe.transports.telephony.carrier.endpoints import SPARE
from voxpipe.transports.telephony.testing import Caller, CallRefused, Speech, Stream
from voxpipe.transports.telephony.testing.dial import dialled

from ..testing.agents import parrot, voice
from .table import LINES, PUBLIC, Line

ANN, US = "+15550123", "+15550199"

ASKING = [name for name, each in LINES.items() if each.unknown().has_webhook]
TIMED = ["telnyx", "vonage", "genesys"]  # what they sign has a time in it
UNSIGNED = ["telnyx", "vonage", "exotel"]  # their streams are
TELLING = [name for name in ASKING if name != "exotel"]  # that a call is over


@pytest.fixture
def anyio_backend() -> str:
    """The only one that our server runs on."""
    return "asyncio"


@pytest.fixture(params=LINES)
def line(request: pytest.FixtureRequest) -> Line:
    return LINES[request.param]


@pytest.fixture(params=ASKING)
def asking(request: pytest.FixtureRequest) -> Line:
    return LINES[request.param]


def voiced(caller: Caller, seconds: float) -> Speech:
    """A hum, as this caller's carrier has it."""
    pcm = AudioFormat("pcm16", caller.format.rate)
    data = voice(seconds * pcm.rate / 8_000)
    return Speech.of(AudioFrame(data=data, format=pcm), caller.format)


def is_echo(heard: AudioFrame, seconds: float) -> bool:
    """All was heard, and no more silence behind it than makes a message full."""
    return seconds - 1e-3 <= heard.duration <= seconds + 0.2


@asynccontextmanager
async def served(app: App, **options: Any) -> AsyncGenerator[tuple[str, Switchboard]]:
    """All carriers, at one server."""
    board = Switchboard(app, apology=None, **options)
    endpoints = CarrierEndpoints(
        board, [each.known() for each in LINES.values()], public_url=PUBLIC
    )
    with fail_after(30):
        async with no_leaks(), Server(endpoints) as server:
            yield server.url, board


async def test_a_signed_call_is_answered_and_no_ticket_reaches_the_app(
    line: Line,
) -> None:
    calls: list[tuple[str, str, dict[str, str]]] = []

    async def app(call: Call) -> None:
        calls.append((call.caller, call.called, dict(call.parameters)))
        await parrot(call)

    async with (
        served(app) as (url, _),
        line.fake(url).call(caller=ANN, called=US, parameters={"table": "7"}) as caller,
    ):
        await caller.say(voiced(caller, 0.3))
        heard = await caller.listen(pause=0.5)
    assert is_echo(heard, 0.3)
    assert calls == [(ANN, US, {"table": "7"})]
    assert caller.measured.violation_count == 0


async def test_who_signs_with_another_key_is_refused(line: Line) -> None:
    async with served(parrot) as (url, board):
        with pytest.raises(CallRefused, match="HTTP 403") as caught:
            async with line.stranger(url).call():
                pass
        assert len(board.tickets) == 0
    assert caught.value.status == 403


@pytest.mark.parametrize("name", TIMED)
async def test_what_was_signed_before_the_server_was_there_may_have_come_to_another(
    name: str,
) -> None:
    line = LINES[name]
    async with served(parrot) as (url, board):
        overheard = line.fake(url)
        overheard.age = 3.0  # of before a restart, and young enough otherwise
        with pytest.raises(CallRefused, match="HTTP 403"):
            async with overheard.call():
                pass
        assert len(board.tickets) == 0
        async with line.fake(url).call() as caller:
            await caller.say(voiced(caller, 0.1))


async def test_a_stream_without_its_ticket_reaches_no_app(asking: Line) -> None:
    calls: list[Call] = []

    async def app(call: Call) -> None:
        calls.append(call)

    async with served(app) as (url, _):
        fake = asking.fake(url)
        names = fake.names(ANN, US)
        stream = await fake.ring(names, ANN, US)
        for passed in ({}, dict.fromkeys(stream.parameters, "0" * 64)):
            async with fake.connected(Stream(stream.url, passed), names) as caller:
                await caller.wait_closed()
            assert caller.close_code == 1008
    assert calls == []


@pytest.mark.parametrize("name", ASKING)
async def test_a_ticket_is_good_for_one_stream(name: str) -> None:
    async with served(parrot) as (url, _):
        asking = LINES[name]
        fake = asking.fake(url)
        names = fake.names(ANN, US)
        stream = await fake.ring(names, ANN, US)
        async with fake.connected(stream, names) as caller:
            await caller.say(voiced(caller, 0.1))
            assert not caller.ended
        if name in UNSIGNED:
            with pytest.raises(CallRefused, match="HTTP 403"):
                async with fake.connected(stream, names):
                    pass
            return
        async with fake.connected(stream, names) as again:
            await again.wait_closed()
        assert again.close_code == 1008


async def test_a_webhook_that_is_sent_again_once_its_stream_has_come_gets_no_ticket(
    asking: Line,
) -> None:
    async with served(parrot) as (url, _):
        fake = asking.fake(url)
        names = fake.names(ANN, US)
        stream = await fake.ring(names, ANN, US)
        async with fake.connected(stream, names) as caller:
            await caller.say(voiced(caller, 0.1))
        with pytest.raises(CallRefused, match="HTTP 403"):
            await fake.ring(names, ANN, US)


@pytest.mark.parametrize("name", TELLING)
async def test_who_hangs_up_while_it_rings_leaves_their_place(name: str) -> None:
    async with served(parrot, limit=1) as (url, board):
        fake = LINES[name].fake(url)
        for _ in range(3):
            names = fake.names(ANN, US)
            await fake.ring(names, ANN, US)
            assert board.state == "full"
            assert await fake.give_up(names, ANN, US) == 200
            assert len(board.tickets) == 0
        async with fake.call() as caller:
            await caller.say(voiced(caller, 0.1))


@pytest.mark.parametrize("name", UNSIGNED)
async def test_streams_of_strangers_keep_nobody_from_being_answered(name: str) -> None:
    async with served(parrot, limit=1) as (url, _), AsyncExitStack() as strangers:
        stream = f"{url.replace('http', 'ws', 1)}/{name}"
        for path in ("", "/" + "0" * 32, "/placed/" + "x" * 43):
            for _ in range(1 + SPARE):
                with suppress(CallRefused):
                    await strangers.enter_async_context(dialled(stream + path, {}))
        for line in (LINES["twilio"], LINES[name]):
            async with line.fake(url).call() as caller:
                await caller.say(voiced(caller, 0.1))
                assert not caller.ended


async def test_a_call_too_many_is_refused(asking: Line) -> None:
    async with served(parrot, limit=1) as (url, board):
        async with asking.fake(url).call() as caller:
            await caller.say(voiced(caller, 0.02))
            with pytest.raises(CallRefused, match="HTTP 503"):
                async with asking.fake(url).call():
                    pass
        while board.calls:  # noqa: ASYNC110  # nothing tells when the last one ends
            await sleep(0.01)


async def test_a_call_too_many_that_asks_nobody_is_closed() -> None:
    async with served(parrot, limit=1) as (url, _):
        fake = LINES["genesys"].fake(url)
        async with fake.call() as caller:
            await caller.say(voiced(caller, 0.1))
            async with fake.call() as second:
                await second.wait_closed()
            assert second.close_code == 1013


async def test_a_message_that_is_too_long_ends_the_call(line: Line) -> None:
    async with served(parrot) as (url, _):
        async with line.fake(url).call() as caller:
            caller.send_raw("x" * 70_000)
            await caller.wait_closed()
        assert caller.close_code == 1009


async def test_rubbish_harms_nobody(line: Line) -> None:
    async with served(parrot) as (url, _), line.fake(url).call() as caller:
        for raw in ("", "null", "[]", '{"event":7}', b"\0\1", '{"event":"media"}'):
            caller.send_raw(raw)
        await caller.say(voiced(caller, 0.3))
        heard = await caller.listen(pause=0.5)
    assert is_echo(heard, 0.3)


@pytest.mark.parametrize("name", ASKING)
async def test_a_carrier_without_credentials_gets_nothing_but_the_cure(
    name: str,
) -> None:
    line = LINES[name]
    others = [each.known() for key, each in LINES.items() if key != name]
    board = Switchboard(parrot)
    endpoints = CarrierEndpoints(board, [line.unknown(), *others], public_url=PUBLIC)
    variable = " and ".join(line.unknown().variables)
    async with Server(endpoints) as server:
        fake = line.fake(server.url)
        with pytest.raises(CallRefused, match=variable) as caught:
            async with fake.call():
                pass
        assert caught.value.status == 403
        url = f"wss://calls.example.com{line.unknown().path}"
        with pytest.raises(CallRefused, match="HTTP 403"):
            async with fake.connected(Stream(url, {}), fake.names(ANN, US)):
                pass


async def test_on_this_machine_alone_everybody_is_answered_unsigned(
    line: Line,
) -> None:
    board = Switchboard(parrot, apology=None)
    endpoints = CarrierEndpoints(board, [each.unknown() for each in LINES.values()])
    assert not endpoints.checks
    async with Server(endpoints) as server:
        fake = line.fake(server.url)
        fake = type(fake)(server.url)
        async with fake.call() as caller:
            await caller.say(Speech.silence(0.1, caller.format))
            await caller.say(voiced(caller, 0.3))
            heard = await caller.listen(pause=0.5)
    assert is_echo(heard, 0.3)

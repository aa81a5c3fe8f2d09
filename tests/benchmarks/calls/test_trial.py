"""A few calls through the real thing: carrier, hand-written bridge, stand-in model."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
from websockets.asyncio.server import ServerConnection, serve

from benchmarks.calls import apps, bridge
from benchmarks.calls.__main__ import main
from benchmarks.calls.carrier import Order, measure
from benchmarks.calls.delays import Delays
from benchmarks.calls.line import WORDS
from benchmarks.calls.model import Server
from voxpipe.console.phones import carriers
from voxpipe.transports.serving import Server as PhoneServer
from voxpipe.transports.telephony import Switchboard
from voxpipe.transports.telephony.carrier import CarrierEndpoints

HOST = "127.0.0.1"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"  # the generator is lean, and knows no other


@asynccontextmanager
async def bridged(audio: str) -> AsyncGenerator[str]:
    """A bridge to a stand-in model; its address."""
    loop = asyncio.get_running_loop()
    model = await loop.create_server(lambda: Server(Delays()), HOST, 0)
    url = f"ws://{HOST}:{model.sockets[0].getsockname()[1]}/v1"

    async def answer(phone: ServerConnection) -> None:
        await bridge.answer(phone, url, bridge.AUDIO[audio]())

    async with serve(answer, HOST, 0, compression=None) as server:
        yield f"ws://{HOST}:{next(iter(server.sockets)).getsockname()[1]}/twilio"
    model.close()
    await model.wait_closed()


@pytest.mark.parametrize(
    "audio", ["straight", pytest.param("soxr-hq", marks=pytest.mark.slow)]
)
async def test_a_bridged_call_is_answered_interrupted_and_closed(audio: str) -> None:
    async with bridged(audio) as url:
        order = Order(url, calls=6, talking=5, seconds=4.0, spread=0.1, warm=False)
        found = await measure(order)
    assert found["replies"] >= 5
    assert found["clear_ms"]["count"] >= 1
    assert found["stale"] == 0
    assert set(found["faults"].values()) == {0}


@pytest.mark.slow
@pytest.mark.parametrize("carrier", WORDS)
async def test_a_call_over_each_carriers_wire_is_answered_interrupted_and_closed(
    carrier: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = asyncio.get_running_loop()
    model = await loop.create_server(lambda: Server(Delays()), HOST, 0)
    url = f"http://{HOST}:{model.sockets[0].getsockname()[1]}/v1"
    monkeypatch.setenv("OPENAI_BASE_URL", url)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-none")
    endpoints = CarrierEndpoints(Switchboard(apps.straight), carriers({}))
    async with PhoneServer(endpoints, host=HOST, port=0) as server:
        stream = f"ws{server.url.removeprefix('http')}/{carrier}"
        order = Order(stream, 3, 3, 4.0, spread=0.1, warm=False, carrier=carrier)
        found = await measure(order)
    model.close()
    await model.wait_closed()
    assert found["replies"] >= 3
    assert found["clear_ms"]["count"] >= 1
    assert found["stale"] == 0
    assert set(found["faults"].values()) == {0}


async def test_a_server_that_is_not_there_is_told_as_refused_calls() -> None:
    with socket.socket() as taken:
        taken.bind((HOST, 0))  # and does not listen
        url = f"ws://{HOST}:{taken.getsockname()[1]}/twilio"
        found = await measure(Order(url, 2, 2, seconds=0.0, spread=0.0, warm=False))
    assert found["faults"]["refused"] == 2


def test_its_commands_can_be_printed(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--only", "a1,e1", "--print-command", "--calls", "7"])
    printed = capsys.readouterr().out
    assert "taskset -c 0" in printed
    assert "benchmarks.calls.bridge" in printed
    assert "--calls=7" in printed


def test_another_carriers_wire_is_for_those_who_know_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    main(["--carrier", "all", "--print-command"])
    printed = capsys.readouterr().out
    assert all(f"/{carrier} " in printed for carrier in WORDS)
    with pytest.raises(SystemExit, match="Twilio alone"):
        main(["--only", "a1", "--carrier", "vonage", "--print-command"])

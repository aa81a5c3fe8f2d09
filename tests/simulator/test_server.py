"""Statements 1, 3, 4 and 6 to 14: the real socket, on both backends."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any

import anyio
import pytest
from anyio.abc import ByteStream
from websockets.exceptions import ConnectionClosed

from voxpipe.pipeline.errors import TransportError
from voxpipe.processors.realtime import Service, open_session
from voxpipe.simulator import (
    Line,
    PortLimits,
    Script,
    Simulator,
    Timing,
    ToneVoice,
    VoiceError,
)

from . import web_client
from .bench import Json, judge
from .web_client import WebSocket

FAST = Script(
    replies=(Line(say="Good evening."),) * 3,
    timing=Timing(first_audio_ms=0, first_text_ms=0, speed=1000, rate_limits_ms=0),
)
KEY = {"Authorization": "Bearer sk-test"}


def simulator(script: Script = FAST, **options: Any) -> Simulator:
    return Simulator(script, ToneVoice(), **options)


def connect(
    url: str, headers: Mapping[str, str] = KEY, **options: Any
) -> AbstractAsyncContextManager[WebSocket]:
    return web_client.connect(url, headers, **options)


async def raw_upgrade(server: Simulator) -> ByteStream:
    """A client that answers nothing."""
    stream = await anyio.connect_tcp("127.0.0.1", server.port)
    upgrade = (
        "GET /v1/realtime?model=gpt-realtime HTTP/1.1\r\nHost: x\r\n"
        "Upgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nAuthorization: Bearer sk-test\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    await stream.send(upgrade.encode())
    assert b"101 Switching" in await stream.receive()
    return stream


async def receive(socket: Any) -> Json:
    with anyio.fail_after(10):
        frame = await socket.recv()
    assert isinstance(frame, str)
    event: Json = json.loads(frame)
    judge(event)
    return event


async def until(socket: Any, type: str) -> Json:
    while True:
        event = await receive(socket)
        if event["type"] == type:
            return event


async def end_of(socket: Any) -> tuple[int, str]:
    with anyio.fail_after(10), pytest.raises(ConnectionClosed) as closed:
        await socket.recv()
    frame = closed.value.rcvd
    assert frame is not None
    return frame.code, frame.reason


async def test_01_a_good_key_and_model_open_a_session() -> None:
    async with simulator() as server:
        url = f"{server.websocket_url}?model=gpt-realtime"
        async with connect(url) as socket:
            event = await receive(socket)
            assert event["type"] == "session.created"
            assert event["session"]["model"] == "gpt-realtime"


async def test_04_a_binary_frame_leaves_the_socket_open() -> None:
    async with (
        simulator() as server,
        connect(f"{server.websocket_url}?model=gpt-realtime") as socket,
    ):
        await receive(socket)
        await socket.send(b"\x00")
        assert (await receive(socket))["error"]["code"] == "invalid_event"
        await socket.send("{")
        assert (await receive(socket))["error"]["code"] == "invalid_json"
        await socket.send('{"type": "response.create"}')
        done = await until(socket, "response.done")
        assert done["response"]["status"] == "completed"


@pytest.mark.parametrize(
    ("query", "headers", "code", "close"),
    [
        (
            "?model=gpt-realtime",
            {"Authorization": "Bearer wrong-key"},
            "invalid_api_key",
            (3000, "invalid_request_error.invalid_api_key"),
        ),
        (
            "?model=gpt-realtime",
            {"Authorization": "Bearer "},
            "invalid_api_key",
            (3000, "invalid_request_error.invalid_api_key"),
        ),
        ("?model=gpt-realtime", {}, None, (3000, "invalid_request_error")),
        (
            "?model=gpt-nope",
            KEY,
            "invalid_model",
            (4000, "invalid_request_error.invalid_model"),
        ),
        (
            "?model=gpt-4o-transcribe",
            KEY,
            "invalid_model",
            (4000, "invalid_request_error.invalid_model"),
        ),
        (
            "",
            KEY,
            "missing_model",
            (4000, "invalid_request_error.missing_model"),
        ),
        (
            "?call_id=rtc_1",
            KEY,
            "call_not_found",
            (4000, "invalid_request_error.call_not_found"),
        ),
        (
            "?model=gpt-realtime",
            KEY | {"OpenAI-Beta": "realtime=v1"},
            "beta_api_shape_disabled",
            (4000, "invalid_request_error.beta_api_shape_disabled"),
        ),
    ],
    ids=["06", "06-empty", "07", "08", "08-transcribe", "09", "09-call", "10"],
)
async def test_06_to_10_who_may_not_come_in_is_told_so_and_closed(
    query: str, headers: dict[str, str], code: str | None, close: tuple[int, str]
) -> None:
    async with (
        simulator(accepts="sk-test".__eq__) as server,
        connect(server.websocket_url + query, headers) as socket,
    ):
        event = await receive(socket)
        assert event["type"] == "error"
        assert event["error"]["code"] == code
        assert "wrong-key" not in event["error"]["message"]
        assert await end_of(socket) == close


async def test_11_a_browser_brings_its_key_as_a_subprotocol() -> None:
    async with simulator() as server:
        url = f"{server.websocket_url}?model=gpt-realtime"
        offered = ["realtime", "openai-insecure-api-key.ek_123", "openai-project.p"]
        async with connect(url, {}, subprotocols=offered) as socket:
            assert (await receive(socket))["type"] == "session.created"
            assert socket.subprotocol == "realtime"


async def test_13_the_server_pings_with_four_bytes() -> None:
    assert PortLimits().ping_interval == 20.26
    async with simulator(limits=PortLimits(ping_interval=0.02)) as server:
        stream = await raw_upgrade(server)
        received = b""
        with anyio.fail_after(10):
            while b"\x89\x04" not in received:  # FIN, ping; 4 bytes, not masked
                received += await stream.receive()
        await stream.aclose()


async def test_14_a_close_of_1000_is_answered_with_1000() -> None:
    async with simulator() as server:
        async with connect(f"{server.websocket_url}?model=gpt-realtime") as socket:
            await receive(socket)
        assert (socket.close_code, socket.close_reason) == (1000, "")


async def test_15_the_end_of_a_session_closes_the_socket() -> None:
    async with (
        simulator(lifetime=0.05) as server,
        connect(f"{server.websocket_url}?model=gpt-realtime") as socket,
    ):
        await receive(socket)
        event = await receive(socket)
        message = "Your session hit the maximum duration of 60 minutes."
        assert event["error"]["code"] == "session_expired"
        assert await end_of(socket) == (1001, message)


async def test_36_intent_opens_a_transcription_session() -> None:
    async with (
        simulator() as server,
        connect(f"{server.websocket_url}?intent=transcription") as socket,
    ):
        session = (await receive(socket))["session"]
        assert session["type"] == "transcription"


async def test_10_browsers_ask_for_the_beta_by_a_sub_protocol() -> None:
    offered = ["realtime", "openai-beta.realtime-v1"]
    async with (
        simulator() as server,
        connect(
            f"{server.websocket_url}?model=gpt-realtime", subprotocols=offered
        ) as socket,
    ):
        event = await receive(socket)
        assert event["error"]["code"] == "beta_api_shape_disabled"
        assert "sub-protocol" in event["error"]["message"]


@pytest.mark.parametrize("query", ["", "model=whisper-1&", "model=gpt-transcribe&"])
async def test_a_model_beside_the_intent_is_that_of_the_transcription(
    query: str,
) -> None:
    async with (
        simulator() as server,
        connect(f"{server.websocket_url}?{query}intent=transcription") as socket,
    ):
        session = (await receive(socket))["session"]
        assert session["type"] == "transcription"
        transcription = session["audio"]["input"]["transcription"]
        model = None if transcription is None else transcription["model"]
        assert model == (query.partition("=")[2].rstrip("&") or None)


async def test_a_model_beside_the_intent_has_to_be_one_that_transcribes() -> None:
    url = "{}?model=gpt-realtime&intent=transcription"
    async with (
        simulator() as server,
        connect(url.format(server.websocket_url)) as socket,
    ):
        assert (await receive(socket))["error"]["code"] == "invalid_model"


async def test_only_the_realtime_path_is_served() -> None:
    async with simulator() as server:
        stream = await anyio.connect_tcp("127.0.0.1", server.port)
        await stream.send(
            b"GET /v1/models HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
            b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
        answer = await stream.receive()
        assert answer.startswith(b"HTTP/1.1 404 ")
        head, _, body = answer.partition(b"\r\n\r\n")
        assert b"content-type: application/json" in head
        error = json.loads(body)["error"]
        assert error["type"] == "invalid_request_error"
        assert "GET /v1/models" in error["message"]
        assert "/v1/realtime" in error["message"]
        await stream.aclose()


async def test_many_sessions_are_served_side_by_side() -> None:
    finished: list[int] = []

    async def converse(number: int) -> None:
        async with connect(f"{server.websocket_url}?model=gpt-realtime") as socket:
            for _ in range(2):
                await socket.send('{"type": "response.create"}')
                await until(socket, "rate_limits.updated")
        finished.append(number)

    async with simulator() as server, anyio.create_task_group() as tasks:
        for number in range(10):
            tasks.start_soon(converse, number)
    assert sorted(finished) == list(range(10))


async def test_a_client_that_vanishes_disturbs_nobody(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.ERROR)
    async with simulator() as server:
        stream = await raw_upgrade(server)
        await stream.aclose()  # without a close frame
        async with connect(f"{server.websocket_url}?model=gpt-realtime") as socket:
            assert (await receive(socket))["type"] == "session.created"
    assert caplog.records == []


async def test_what_goes_wrong_in_the_block_comes_out_as_it_is() -> None:
    with pytest.raises(ZeroDivisionError):
        async with simulator():
            raise ZeroDivisionError


async def test_a_taken_port_is_a_typed_error_with_the_cure() -> None:
    async with simulator() as first:
        with pytest.raises(TransportError, match="port 0 takes any that is free"):
            async with simulator(port=first.port):
                raise AssertionError("two servers on one port")


async def test_a_simulator_can_be_opened_again() -> None:
    server = simulator()
    for _ in range(2):
        async with (
            server,
            connect(f"{server.websocket_url}?model=gpt-realtime") as socket,
        ):
            assert (await receive(socket))["type"] == "session.created"


async def test_it_ends_when_it_is_cancelled_with_sessions_open() -> None:
    with anyio.fail_after(5), anyio.CancelScope() as scope:
        async with (
            simulator() as server,
            connect(f"{server.websocket_url}?model=gpt-realtime") as socket,
        ):
            await receive(socket)
            scope.cancel()
            await anyio.sleep_forever()


class Mute:
    """A voice that fails."""

    def speak(self, text: str, voice: str, speed: float) -> bytes:
        raise VoiceError("no voice today")


async def test_a_voice_that_fails_ends_its_response_only() -> None:
    async with (
        Simulator(FAST, Mute()) as server,
        connect(f"{server.websocket_url}?model=gpt-realtime") as socket,
    ):
        await socket.send('{"type": "response.create"}')
        done = await until(socket, "response.done")
        assert done["response"]["status"] == "failed"
        text = {"output_modalities": ["text"]}
        await socket.send(json.dumps({"type": "response.create", "response": text}))
        done = await until(socket, "response.done")
        assert done["response"]["status"] == "completed"


@pytest.mark.parametrize("key", ["sk-1", "ek_1", "1234", "my-gateway", "eyJ.eyJ.x"])
async def test_any_key_opens_a_session_as_at_a_gateway(key: str) -> None:
    async with simulator() as server:
        url = f"{server.websocket_url}?model=gpt-realtime"
        async with connect(url, {"Authorization": f"Bearer {key}"}) as socket:
            assert (await receive(socket))["type"] == "session.created"


async def test_neither_keys_nor_words_are_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    async with (
        Simulator(Script(replies=[Line(say="A secret.")]), ToneVoice()) as simulator,
        open_session(
            service=Service(base_url=simulator.url, api_key="sk-very-secret")
        ) as session,
    ):
        await session.connection.send('{"type": "response.create"}')
        while "response.done" not in await session.connection.receive():
            pass
    assert "very-secret" not in caplog.text
    assert "A secret." not in caplog.text

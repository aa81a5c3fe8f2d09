"""The port's WebSockets, frame by frame."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from typing import Any, Literal

import anyio
from anyio.abc import ByteStream
from websockets.client import ClientProtocol
from websockets.extensions.permessage_deflate import enable_client_permessage_deflate
from websockets.frames import Frame, Opcode
from websockets.http11 import Response
from websockets.uri import parse_uri

from voxpipe.simulator import PortLimits, Simulator, ToneVoice


class Peer:
    """A client that can send any frame."""

    def __init__(
        self, stream: ByteStream, url: str, answers: Literal["all", "nothing"] = "all"
    ) -> None:
        self.stream = stream
        self.protocol = ClientProtocol(parse_uri(url))
        self._answers = answers
        self._frames: list[Frame] = []

    async def open(self) -> None:
        request = self.protocol.connect()
        request.headers["Authorization"] = "Bearer sk-test"
        self.protocol.send_request(request)
        await self.flush()
        assert (await self.event("session.created"))["type"] == "session.created"

    async def flush(self) -> None:
        for data in self.protocol.data_to_send():
            if data:
                await self.stream.send(data)
            else:
                await self.stream.send_eof()

    async def frame(self) -> Frame:
        with anyio.fail_after(10):
            while not self._frames:
                self.protocol.receive_data(await self.stream.receive())
                if self._answers == "all":
                    await self.flush()  # the protocol makes pongs by itself
                self._frames += [
                    each
                    for each in self.protocol.events_received()
                    if not isinstance(each, Response) and isinstance(each, Frame)
                ]
        return self._frames.pop(0)

    async def event(self, type: str) -> Any:
        while True:
            frame = await self.frame()
            if frame.opcode is Opcode.TEXT:
                event = json.loads(bytes(frame.data))
                if event["type"] == type:
                    return event

    async def closed(self) -> int | None:
        with anyio.fail_after(10):
            try:
                while True:
                    await self.frame()
            except (anyio.EndOfStream, anyio.BrokenResourceError):
                self.protocol.receive_eof()
                await self.stream.aclose()
        return self.protocol.close_code


@asynccontextmanager
async def peer(
    answers: Literal["all", "nothing"] = "all", limits: PortLimits | None = None
) -> AsyncGenerator[tuple[Simulator, Peer]]:
    async with Simulator(None, ToneVoice(), limits=limits) as server:
        stream = await anyio.connect_tcp("127.0.0.1", server.port)
        async with stream:
            url = f"{server.websocket_url}?model=gpt-realtime"
            client = Peer(stream, url, answers)
            await client.open()
            yield server, client


async def test_a_message_in_fragments_is_one_message() -> None:
    async with peer() as (_, client):
        protocol = client.protocol
        protocol.send_text(b'{"type": ', fin=False)
        protocol.send_ping(b"between")
        protocol.send_continuation(b'"input_audio_buffer.clear"}', fin=True)
        await client.flush()
        pong = await client.frame()
        assert (pong.opcode, bytes(pong.data)) == (Opcode.PONG, b"between")
        await client.event("input_audio_buffer.cleared")


async def test_a_client_may_compress_what_it_sends() -> None:
    extensions = enable_client_permessage_deflate(None)
    async with (
        Simulator(None, ToneVoice()) as server,
        await anyio.connect_tcp("127.0.0.1", server.port) as stream,
    ):
        url = f"{server.websocket_url}?model=gpt-realtime"
        client = Peer(stream, url)
        client.protocol = ClientProtocol(parse_uri(url), extensions=extensions)
        await client.open()
        assert client.protocol.extensions
        for _ in range(3):  # with what it has learnt of those before
            client.protocol.send_text(b'{"type": "input_audio_buffer.clear"}')
            await client.flush()
            await client.event("input_audio_buffer.cleared")


async def test_a_client_that_hangs_up_behind_its_request_disturbs_nobody() -> None:
    async with Simulator(None, ToneVoice()) as server:
        async with await anyio.connect_tcp("127.0.0.1", server.port) as stream:
            protocol = ClientProtocol(parse_uri(server.websocket_url))
            protocol.send_request(protocol.connect())
            await stream.send(b"".join(protocol.data_to_send()))
            await stream.send_eof()
            with anyio.fail_after(10), suppress(anyio.EndOfStream):
                while True:
                    await stream.receive()
        async with await anyio.connect_tcp("127.0.0.1", server.port) as stream:
            client = Peer(stream, f"{server.websocket_url}?model=gpt-realtime")
            await client.open()


async def test_text_that_is_not_utf8_closes_with_1007() -> None:
    async with peer() as (_, client):
        client.protocol.send_text(b"\xff\xfe")
        await client.flush()
        assert await client.closed() == 1007


async def test_a_message_that_is_too_long_closes_with_1009() -> None:
    async with peer(limits=PortLimits(message=1000)) as (_, client):
        client.protocol.send_text(b"x" * 1001)
        await client.flush()
        assert await client.closed() == 1009


async def test_a_frame_that_is_none_closes_with_1002() -> None:
    async with peer() as (_, client):
        await client.stream.send(b"\xff\x80\x00\x00\x00\x00")
        assert await client.closed() == 1002


async def test_a_client_that_answers_no_ping_is_closed_with_1011() -> None:
    limits = PortLimits(ping_interval=0.01, pong_timeout=0.01, close_timeout=0.01)
    async with peer("nothing", limits) as (_, client):
        assert await client.closed() == 1011


async def test_pings_that_are_answered_keep_a_session() -> None:
    async with peer(limits=PortLimits(ping_interval=0.01)) as (_, client):
        for _ in range(5):
            frame = await client.frame()
            assert frame.opcode is Opcode.PING
        client.protocol.send_text(b'{"type": "input_audio_buffer.clear"}')
        await client.flush()
        await client.event("input_audio_buffer.cleared")


async def test_the_end_of_the_simulator_closes_with_1001() -> None:
    codes: list[int | None] = []

    async def watch(client: Peer) -> None:
        codes.append(await client.closed())

    async with (
        anyio.create_task_group() as tasks,
        Simulator(None, ToneVoice()) as server,
    ):
        stream = await anyio.connect_tcp("127.0.0.1", server.port)
        client = Peer(stream, f"{server.websocket_url}?model=gpt-realtime")
        await client.open()
        tasks.start_soon(watch, client)
    assert codes == [1001]


async def test_all_messages_together_have_a_bound() -> None:
    async with peer(limits=PortLimits(together=4000)) as (_, client):
        for _ in range(5):  # what has come whole counts no more
            padding = b" " * 3000
            client.protocol.send_text(
                padding + b'{"type": "input_audio_buffer.clear"}', fin=True
            )
            await client.flush()
            await client.event("input_audio_buffer.cleared")
        for number in range(5):
            client.protocol.send_ping(b"%d" % number * 100)
        client.protocol.send_text(b" " * 3000, fin=False)
        client.protocol.send_continuation(b" " * 3000, fin=False)
        await client.flush()
        assert await client.closed() == 1013
        assert client.protocol.close_reason == "too much at once"


async def test_a_frame_that_has_not_come_whole_counts_too() -> None:
    async with peer(limits=PortLimits(together=4000)) as (_, client):
        client.protocol.send_text(b" " * 9000)
        (frame,) = client.protocol.data_to_send()
        await client.stream.send(frame[:8000])
        assert await client.closed() == 1013

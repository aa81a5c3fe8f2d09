"""The port as a client finds it that is no SDK: HTTP byte by byte."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import pytest
from anyio.abc import ByteStream
from hypothesis import given, settings
from hypothesis import strategies as st

from voxpipe.simulator import PortLimits, Simulator, ToneVoice

PATH = "/v1/realtime/client_secrets"


@asynccontextmanager
async def port(**limits: int) -> AsyncGenerator[ByteStream]:
    limited = PortLimits(**limits)
    async with Simulator(None, ToneVoice(), limits=limited) as server:
        stream = await anyio.connect_tcp("127.0.0.1", server.port)
        async with stream:
            yield stream


def post(body: bytes, *headers: str, path: str = PATH) -> bytes:
    head = [f"POST {path} HTTP/1.1", "Host: x", "Authorization: Bearer sk-test"]
    head += headers or (f"Content-Length: {len(body)}",)
    return "\r\n".join([*head, "", ""]).encode() + body


async def answer(stream: ByteStream, rest: bytes = b"") -> tuple[int, Any, bytes]:
    """Status, JSON, and what came behind it."""
    data = rest
    with anyio.fail_after(10):
        while b"\r\n\r\n" not in data:
            data += await stream.receive()
        head, _, body = data.partition(b"\r\n\r\n")
        lines = head.decode().lower().split("\r\n")
        assert "content-type: application/json" in lines
        [size] = [int(line[16:]) for line in lines if line.startswith("content-length")]
        while len(body) < size:
            body += await stream.receive()
    return int(lines[0].split()[1]), json.loads(body[:size]), body[size:]


async def ended(stream: ByteStream) -> bool:
    with anyio.fail_after(10):
        try:
            return not await stream.receive()
        except (anyio.EndOfStream, anyio.BrokenResourceError):
            return True


async def test_a_connection_serves_one_request_after_the_other() -> None:
    async with port() as stream:
        await stream.send(post(b"{}") + post(b"{}"))  # the second one waits its turn
        status, first, rest = await answer(stream)
        assert status == 200
        status, second, _ = await answer(stream, rest)
        assert status == 200
        assert first["value"] != second["value"]
        await stream.send(post(b"[]"))
        status, refused, _ = await answer(stream)
        assert status == 400
        assert set(refused["error"]) == {"message", "type", "param", "code"}


async def test_a_body_may_come_in_chunks_and_only_when_it_is_wanted() -> None:
    async with port() as stream:
        await stream.send(
            post(b"", "Transfer-Encoding: chunked", "Expect: 100-continue")
        )
        with anyio.fail_after(10):
            assert (await stream.receive()).startswith(b"HTTP/1.1 100 ")
        await stream.send(b"1\r\n{\r\n1\r\n}\r\n0\r\n\r\n")
        status, made, _ = await answer(stream)
    assert status == 200
    assert made["value"].startswith("ek_")


async def test_a_body_has_a_bound() -> None:
    async with port(body=1000) as stream:
        await stream.send(post(b"x" * 2000, "Content-Length: 1000000000"))
        status, refused, _ = await answer(stream)
        assert status == 413
        assert "1000 bytes" in refused["error"]["message"]
        assert await ended(stream)


@pytest.mark.parametrize(
    "body", [b"", b"{", b"\xff", b"[" * 100_000, b"nonsense", b"[1]"]
)
async def test_a_body_that_is_no_object_is_400_or_an_empty_one(body: bytes) -> None:
    async with port() as stream:
        await stream.send(post(body))
        status, _, _ = await answer(stream)
    assert status == (200 if not body else 400)


async def test_what_is_no_http_gets_400_and_is_hung_up_on() -> None:
    async with port() as stream:
        await stream.send(b"\x16\x03\x01 this is TLS\r\n\r\n")
        status, refused, _ = await answer(stream)
        assert status == 400
        assert "HTTP/1.1" in refused["error"]["message"]
        assert await ended(stream)


async def test_a_head_has_no_body_in_its_answer() -> None:
    async with port() as stream:
        await stream.send(b"HEAD /v1/responses HTTP/1.1\r\nHost: x\r\n\r\n")
        with anyio.fail_after(10):
            data = await stream.receive()
        assert data.startswith(b"HTTP/1.1 405 ")
        assert data.endswith(b"\r\n\r\n")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (["Sec-WebSocket-Version: 13"], 400),
        (
            ["Sec-WebSocket-Version: 8", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=="],
            400,
        ),
        (["Sec-WebSocket-Version: 13", "Content-Length: 3"], 400),
    ],
)
async def test_an_upgrade_that_is_none_is_refused(
    headers: list[str], status: int
) -> None:
    head = ["GET /v1/realtime?model=gpt-realtime HTTP/1.1", "Host: x"]
    head += ["Upgrade: websocket", "Connection: Upgrade", *headers, "", ""]
    async with port() as stream:
        await stream.send("\r\n".join(head).encode())
        with anyio.fail_after(10):
            data = await stream.receive()
        assert data.startswith(f"HTTP/1.1 {status} ".encode())


async def test_a_client_that_leaves_in_the_middle_disturbs_nobody() -> None:
    async with Simulator(None, ToneVoice()) as server:
        for part in (b"", b"POST", post(b"{}")[:-1], post(b"{}")):
            stream = await anyio.connect_tcp("127.0.0.1", server.port)
            await stream.send(part or b"\r\n")
            await stream.aclose()
        stream = await anyio.connect_tcp("127.0.0.1", server.port)
        async with stream:
            await stream.send(post(b"{}"))
            assert (await answer(stream))[0] == 200


@pytest.mark.parametrize("target", ["//[", "http://[/v1", "*", "/?", "/v1/%zz?%zz=%"])
async def test_any_target_is_answered(target: str) -> None:
    async with port() as stream:
        for upgrade in (b"", b"Connection: Upgrade\r\nUpgrade: websocket\r\n"):
            head = f"GET {target} HTTP/1.1\r\nHost: x\r\n".encode()
            await stream.send(head + upgrade + b"\r\n")
            status, _, _ = await answer(stream)
            assert status == 404


async def test_there_are_no_more_connections_than_it_can_hold() -> None:
    limits = PortLimits(connections=1)
    async with Simulator(None, ToneVoice(), limits=limits) as server:
        first = await anyio.connect_tcp("127.0.0.1", server.port)
        await first.send(post(b"{}"))
        assert (await answer(first))[0] == 200
        second = await anyio.connect_tcp("127.0.0.1", server.port)
        assert await ended(second)
        await first.aclose()
        await second.aclose()


@settings(max_examples=40, deadline=None)
@given(st.lists(st.binary(min_size=1, max_size=200), max_size=4), st.booleans())
def test_no_bytes_break_the_port(chunks: list[bytes], posts: bool) -> None:
    async def send() -> None:
        with anyio.fail_after(20):
            async with port() as stream:
                try:
                    for chunk in [post(b"", "Content-Length: 90")] * posts + chunks:
                        await stream.send(chunk)
                    await stream.send_eof()
                    while True:
                        await stream.receive()
                except (anyio.EndOfStream, anyio.BrokenResourceError, OSError):
                    pass

    anyio.run(send)

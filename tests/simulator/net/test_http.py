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

from tests.simulator import web_client
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
    ("path", "headers", "status"),
    [
        ("/v1/nothing", ["Connection: Upgrade", "Upgrade: websocket"], 404),
        (PATH, ["Transfer-Encoding: chunked", "Content-Length: 2"], 400),
    ],
)
async def test_nor_has_it_one_if_it_is_refused(
    path: str, headers: list[str], status: int
) -> None:
    async with port() as stream:
        head = [f"HEAD {path} HTTP/1.1", "Host: x", *headers, "", ""]
        await stream.send("\r\n".join(head).encode())
        with anyio.fail_after(10):
            data = await stream.receive()
        assert data.startswith(f"HTTP/1.1 {status} ".encode())
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


async def test_a_target_may_be_absolute() -> None:
    async with port() as stream:
        for path in (f"http://sim.example:8081{PATH}", f"HTTP://sim.example{PATH}?a=b"):
            await stream.send(post(b"{}", path=path))
            assert (await answer(stream))[0] == 200
        await stream.send(post(b"{}", path="http://sim.example?a=b"))
        status, refused, _ = await answer(stream)
        assert status == 404
        assert "POST /" in refused["error"]["message"]
        assert "/v1?" in refused["error"]["message"]  # the base URL lacks it


async def test_two_lengths_are_refused_and_nothing_behind_them_is_read() -> None:
    async with port() as stream:
        lengths = ("Content-Length: 4", "Transfer-Encoding: chunked")
        hidden = post(b"{}", path="/v1/hidden")
        await stream.send(post(b"0\r\n\r\n" + hidden, *lengths))
        status, refused, rest = await answer(stream)
        assert status == 400
        assert "not both" in refused["error"]["message"]
        assert not rest
        assert await ended(stream)


async def test_empty_lines_before_a_request_are_passed_over() -> None:
    async with port() as stream:
        await stream.send(b"\r\n")
        await stream.send(b"\r\n" + post(b"{}") + b"\r\n\r\n" + post(b"{}"))
        status, _, rest = await answer(stream)
        assert status == 200
        assert (await answer(stream, rest))[0] == 200


async def test_another_version_is_refused_as_one() -> None:
    async with port() as stream:
        await stream.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        assert (await answer(stream))[0] == 505


async def test_who_closes_before_the_end_of_a_body_says_so() -> None:
    async with port(body=10) as stream:
        await stream.send(post(b"{}" * 10, "Content-Length: 1000"))
        data = b""
        while b"\r\n\r\n" not in data:
            data += await stream.receive()
        assert data.startswith(b"HTTP/1.1 413 ")
        assert b"connection: close" in data.lower()


async def test_a_client_that_has_said_all_is_answered() -> None:
    async with port() as stream:
        await stream.send(post(b"{}"))
        await stream.send_eof()
        assert (await answer(stream))[0] == 200


async def test_all_bodies_together_have_a_bound() -> None:
    limits = PortLimits(together=1000)
    async with Simulator(None, ToneVoice(), limits=limits) as server:

        async def asked(size: int) -> int:
            async with await anyio.connect_tcp("127.0.0.1", server.port) as stream:
                await stream.send(post(b"{}" + b" " * (size - 2)))
                return (await answer(stream))[0]

        assert [await asked(900) for _ in range(3)] == [200] * 3  # it is given back
        assert await asked(1001) == 503
        async with await anyio.connect_tcp("127.0.0.1", server.port) as slow:
            await slow.send(post(b" " * 800, "Content-Length: 900"))
            with anyio.fail_after(10):
                while await asked(300) != 503:
                    pass
        with anyio.fail_after(10):
            while await asked(900) != 200:
                pass


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("http://localhost:3000", 200),
        ("https://127.0.0.1", 200),
        ("http://[::1]:8", 200),
        ("http://app.localhost:5173", 200),
        ("https://app.example", 200),  # which is named
        ("https://evil.example", 403),
        ("https://localhost.evil.example", 403),
        ("https://app.example.evil.example", 403),
        ("http://[", 403),
        ("null", 403),
        ("", 403),
    ],
)
async def test_only_web_pages_of_this_machine_are_answered_and_those_that_are_named(
    origin: str, status: int
) -> None:
    async with Simulator(None, ToneVoice(), origins=["https://app.example"]) as server:
        stream = await anyio.connect_tcp("127.0.0.1", server.port)
        async with stream:
            request = post(b"{}", "Content-Length: 2", f"Origin: {origin}")
            await stream.send(request)
            assert (await answer(stream))[0] == status
        url = f"{server.websocket_url}?model=gpt-realtime"
        headers = {"Authorization": "Bearer sk-test", "Origin": origin}
        if status == 200:
            async with web_client.connect(url, headers):
                return
        with pytest.raises(web_client.Refused, match=r"403: .*origin_not_allowed"):
            async with web_client.connect(url, headers):
                pass

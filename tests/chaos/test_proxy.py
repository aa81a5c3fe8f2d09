"""A proxy that fails as it is told, over real sockets, on both event loops."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import pytest
from anyio import (
    BrokenResourceError,
    EndOfStream,
    connect_tcp,
    create_task_group,
    create_tcp_listener,
    current_time,
    fail_after,
)
from anyio.abc import SocketAttribute, SocketStream

from voxpipe.chaos import (
    Bandwidth,
    ChaosProxy,
    Latency,
    LimitData,
    Refusal,
    ResetPeer,
    Slicer,
    SlowClose,
    Timeout,
    Toxic,
)
from voxpipe.chaos.proxy import Direction
from voxpipe.pipeline import ConfigurationError, TransportError
from voxpipe.pipeline.testing import no_leaks

SPEECH = bytes(range(256)) * 64
GONE = (EndOfStream, BrokenResourceError)


async def echo(stream: SocketStream) -> None:
    async with stream:
        try:
            while True:
                await stream.send(await stream.receive())
        except GONE:
            return


@asynccontextmanager
async def proxied() -> AsyncGenerator[ChaosProxy]:
    """A proxy in front of an echo; nothing is left of either."""
    with fail_after(30):
        async with no_leaks():
            listener = await create_tcp_listener(local_host="127.0.0.1")
            async with listener, create_task_group() as tasks:
                tasks.start_soon(listener.serve, echo)
                port = listener.extra(SocketAttribute.local_port)
                async with ChaosProxy(f"http://127.0.0.1:{port}/v1") as proxy:
                    yield proxy
                tasks.cancel_scope.cancel()


async def dialled(proxy: ChaosProxy) -> SocketStream:
    return await connect_tcp("127.0.0.1", urlsplit(proxy.url).port or 0)


async def whole(line: SocketStream, size: int) -> bytes:
    data = b""
    while len(data) < size:
        data += await line.receive()
    return data


async def test_all_goes_through_until_something_is_to_go_wrong() -> None:
    async with proxied() as proxy, await dialled(proxy) as line:
        assert proxy.url.endswith("/v1")
        await line.send(SPEECH)
        assert await whole(line, len(SPEECH)) == SPEECH
        assert (proxy.connections, proxy.accepted) == (1, 1)
        await line.send_eof()
        with pytest.raises(EndOfStream):
            await line.receive()


@pytest.mark.parametrize(
    "toxic", [Latency(0.1), Latency(0.1, jitter=0.02), Bandwidth(100_000)]
)
async def test_what_is_late_is_late_and_whole(toxic: Toxic) -> None:
    async with proxied() as proxy, await dialled(proxy) as line:
        proxy.add(toxic)
        began = current_time()
        await line.send(SPEECH)
        assert await whole(line, len(SPEECH)) == SPEECH
        assert current_time() - began >= 0.08
        proxy.remove(toxic)
        await line.send(SPEECH)
        assert await whole(line, len(SPEECH)) == SPEECH


async def test_both_directions_have_their_own() -> None:
    async with proxied() as proxy, await dialled(proxy) as line:
        proxy.add(Latency(0.05), "upstream")
        proxy.add(Latency(0.05), "downstream")
        began = current_time()
        await line.send(b"x")
        assert await line.receive() == b"x"
        assert current_time() - began >= 0.1


async def test_slices_are_small_and_lose_nothing() -> None:
    async with proxied() as proxy, await dialled(proxy) as line:
        proxy.add(Slicer(100, variation=50, delay=0.002))
        await line.send(SPEECH[:2_000])
        first = await line.receive()
        assert len(first) < 2_000
        assert first + await whole(line, 2_000 - len(first)) == SPEECH[:2_000]


async def test_of_limited_data_no_more_comes_and_then_the_end() -> None:
    async with proxied() as proxy, await dialled(proxy) as line:
        proxy.add(LimitData(1_000))
        await line.send(SPEECH)
        assert await whole(line, 1_000) == SPEECH[:1_000]
        with pytest.raises(GONE):
            await line.receive()


@pytest.mark.parametrize("direction", ["upstream", "downstream"])
async def test_a_timeout_drops_data_and_ends_the_connection(
    direction: Direction,
) -> None:
    async with proxied() as proxy, await dialled(proxy) as line:
        proxy.add(
            Timeout(0.05), "upstream" if direction == "upstream" else "downstream"
        )
        await line.send(b"lost")
        with pytest.raises(GONE):
            await line.receive()


async def test_half_open_nothing_comes_until_it_is_mended() -> None:
    async with proxied() as proxy, await dialled(proxy) as line:
        proxy.add(Timeout())
        await line.send(b"lost")
        proxy.add(Latency(0.05))  # by when the first would have come
        async with await dialled(proxy) as other:
            await other.send(b"lost")
            proxy.clear()
            await line.send(b"heard")
            assert (await whole(line, 5))[-5:] == b"heard"


@pytest.mark.parametrize("how", ["reset", "down", "toxic", "toxic, before"])
async def test_a_reset_is_one(how: str) -> None:
    async with proxied() as proxy:
        if how == "toxic, before":
            proxy.add(ResetPeer())
        async with await dialled(proxy) as line:
            if how != "toxic, before":
                await line.send(b"x")
                assert await line.receive() == b"x"
            if how == "toxic":
                proxy.add(ResetPeer())
            elif how in ("reset", "down"):
                (proxy.reset if how == "reset" else proxy.down)()
            with pytest.raises(BrokenResourceError):
                await line.receive()


async def test_while_it_is_down_nobody_gets_through_and_afterwards_all_do() -> None:
    async with proxied() as proxy:
        proxy.down()
        async with await dialled(proxy) as line:
            with pytest.raises(GONE):
                await line.receive()
        proxy.clear()
        async with await dialled(proxy) as line:
            await line.send(b"x")
            assert await line.receive() == b"x"


async def test_an_end_can_be_told_late() -> None:
    async with proxied() as proxy, await dialled(proxy) as line:
        proxy.add(SlowClose(0.05))
        began = current_time()
        await line.send_eof()
        with pytest.raises(EndOfStream):
            await line.receive()
        assert current_time() - began >= 0.05


async def test_a_refusal_is_told_by_http() -> None:
    async with proxied() as proxy:
        proxy.refusal = Refusal(429, retry_after=2)
        async with await dialled(proxy) as line:
            await line.send(b"GET /v1/realtime HTTP/1.1\r\n\r\n")
            told = await line.receive()
        assert told.startswith(b"HTTP/1.1 429 ")
        assert b"\r\nRetry-After: 2\r\n" in told


async def test_nobody_behind_it_is_a_connection_that_ends() -> None:
    listener = await create_tcp_listener(local_host="127.0.0.1")
    port = listener.extra(SocketAttribute.local_port)
    await listener.aclose()
    with fail_after(10):
        async with (
            ChaosProxy(f"ws://127.0.0.1:{port}") as proxy,
            await dialled(proxy) as line,
        ):
            with pytest.raises(GONE):
                await line.receive()


async def test_a_port_that_is_taken_and_an_address_that_is_none_are_told() -> None:
    async with ChaosProxy("http://127.0.0.1:9") as proxy:
        port = urlsplit(proxy.url).port or 0
        with pytest.raises(TransportError, match="port 0 takes any"):
            async with ChaosProxy("http://127.0.0.1:9", port=port):
                pass
    with pytest.raises(ConfigurationError, match="scheme 'ftp'"):
        ChaosProxy("ftp://127.0.0.1")


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Latency(-1),
        lambda: Latency(float("nan")),
        lambda: Bandwidth(0),
        lambda: Slicer(0),
        lambda: Slicer(10, variation=10),
        lambda: Refusal(200),
    ],
)
def test_what_cannot_be_is_refused(wrong: object) -> None:
    assert callable(wrong)
    with pytest.raises(ValueError, match=r"not|got"):
        wrong()

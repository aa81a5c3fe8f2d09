"""The answer to an upgrade, in as many pieces as networks make of it."""

from __future__ import annotations

import pytest
from anyio import fail_after
from anyio.lowlevel import checkpoint

from voxpipe.pipeline import TransportError
from voxpipe.pipeline.testing import no_leaks
from voxpipe.processors.realtime import Service
from voxpipe.processors.realtime.connect.connection import websocket
from voxpipe.processors.realtime.connect.host import Address, host_of

from ..server import Line, serving

KEY = "sk-canary-0123456789"
BODY = b'{"error": {"code": "invalid_api_key", "message": "No such key."}}'
EVERY = pytest.mark.parametrize(
    "every", [7, pytest.param(1, marks=pytest.mark.slow)], ids=lambda n: f"every{n}"
)  # bytes from one cut to the next
REFUSALS = {
    "of a length": (
        b"HTTP/1.1 401 Unauthorized\r\nContent-Type: application/json\r\n"
        b"Content-Length: %d\r\n\r\n%s" % (len(BODY), BODY)
    ),
    "in chunks": (
        b"HTTP/1.1 401 Unauthorized\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY)
    ),
    "until the end": b"HTTP/1.1 401 Unauthorized\r\n\r\n" + BODY,
}
FOREIGN = {
    "SSH": b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
    "a redirect": b"HTTP/1.1 302 Found\r\nLocation: https://other.test/v1\r\n"
    b"Content-Length: 0\r\n\r\n",
    "a wrong key": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
    b"Connection: Upgrade\r\nSec-WebSocket-Accept: nothing\r\n\r\n",
}


def address(url: str) -> Address:
    return host_of(service=Service(api_key=KEY, base_url=url)).websocket(
        model="gpt-realtime-2.1"
    )


async def refusal(url: str) -> str:
    with fail_after(10), pytest.raises(TransportError) as caught:
        async with websocket(address(url)):
            pass
    assert KEY not in repr(caught.value)
    return str(caught.value)


@EVERY
async def test_an_upgrade_opens_wherever_its_answer_is_cut(every: int) -> None:
    sizes = [1]

    async def talk(line: Line) -> None:
        data = await line.answer('{"type": "hello"}')
        sizes[0] = len(data)
        await line.send_cut(data, cut)
        await line.gone()

    cut = 0
    async with no_leaks(), serving(talk) as url:
        while cut < sizes[0]:
            async with websocket(address(url)) as connection:
                assert await connection.receive() == '{"type": "hello"}'
            cut += every
    assert cut > 100


async def test_an_upgrade_opens_byte_by_byte() -> None:
    async def talk(line: Line) -> None:
        for byte in await line.answer('{"type": "hello"}'):
            await line.stream.send(bytes([byte]))
            await checkpoint()
        await line.gone()

    async with no_leaks(), serving(talk) as url, websocket(address(url)) as connection:
        assert await connection.receive() == '{"type": "hello"}'


@pytest.mark.parametrize("kind", [*REFUSALS, *FOREIGN])
@EVERY
async def test_a_refusal_says_the_same_wherever_it_is_cut(
    kind: str, every: int
) -> None:
    answer = (REFUSALS | FOREIGN)[kind]

    async def talk(line: Line) -> None:
        await line.stream.receive()
        await line.send_cut(answer, next(cuts))

    cuts = iter(range(0, len(answer), every))
    async with no_leaks(), serving(talk) as url:
        whole = await refusal(url)
        if kind in REFUSALS:
            assert "HTTP 401: invalid_api_key (No such key): check the API" in whole
        for _ in range(every, len(answer), every):
            assert await refusal(url) == whole


@pytest.mark.parametrize("length", [0, 1, 40, 100])
async def test_an_answer_that_ends_too_early_is_no_websockets(length: int) -> None:
    async def talk(line: Line) -> None:
        await line.stream.send((await line.answer())[:length])

    async with no_leaks(), serving(talk) as url:
        assert "does not speak WebSocket there" in await refusal(url)

"""Row 29: strangers who say nothing, slowly, or too much keep nobody's calls away."""

from __future__ import annotations

from contextlib import AsyncExitStack, suppress

import anyio
from anyio import connect_tcp, create_task_group, fail_after, sleep
from anyio.abc import SocketStream

from voxpipe.pipeline import TransportError
from voxpipe.transports.serving import Server
from voxpipe.transports.telephony.testing import Sids

from ..transports.serving.apps import said_to
from ..transports.telephony.test_served_calls import caller_of, served
from ..transports.telephony.testing.agents import parrot
from .row import Figure

SLOW = 256  # connections; as many as the server lets wait
RINGS = 20
BETWEEN = 0.25  # seconds between two rings
PATIENCE = 5.0  # seconds for one; Twilio has 15

SMUGGLED = (
    b"POST /twilio/answer HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
)
LONG_HEAD = b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 20_000 + b"\r\n\r\n"
OTHER_HTTP = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


async def answered_beside(slow: int) -> int:
    """How many of the signed rings are answered while strangers fill the server."""
    answered = 0
    async with (
        served(parrot) as (server, _),
        AsyncExitStack() as stack,
        create_task_group() as tasks,
    ):
        for _ in range(slow):
            stream = await stack.enter_async_context(
                await connect_tcp("127.0.0.1", server.port)
            )
            tasks.start_soon(drip, stream)
        twilio = caller_of(server)
        for _ in range(RINGS):
            with suppress(TransportError, TimeoutError, OSError):
                with fail_after(PATIENCE):
                    await twilio.ring(Sids.new(), "+15550100", "+15550199")
                answered += 1
            await sleep(BETWEEN)
        tasks.cancel_scope.cancel()
    return answered


async def drip(stream: SocketStream) -> None:
    """A request that never ends, a byte a second."""
    with suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):
        await stream.send(b"POST /twilio/answer HTTP/1.1\r\nHost: x\r\nX: ")
        while True:
            await sleep(1)
            await stream.send(b"x")


async def told_to(server: Server, request: bytes) -> list[int]:
    """The statuses of all that a server answers to these bytes."""
    heard = await said_to(server, request)
    parts = heard.split(b"HTTP/1.1 ")[1:]
    return [int(part[:3]) for part in parts]


async def odd_requests() -> list[str]:
    """Those that are answered otherwise than RFC 9112 has it."""
    wrong: list[str] = []
    async with served(parrot) as (server, _):
        smuggled = await told_to(server, SMUGGLED)
        if len(smuggled) > 1:
            wrong.append(f"a smuggled request: {smuggled}")
        long_head = await told_to(server, LONG_HEAD)
        if long_head != [431]:
            wrong.append(f"a head of 20 kB: {long_head}")
        other = await told_to(server, OTHER_HTTP)
        if other not in ([400], [505]):
            wrong.append(f"another HTTP: {other}")
    return wrong


def strangers(slow: int = SLOW) -> Figure:
    """Both."""
    answered = anyio.run(answered_beside, slow)
    wrong = anyio.run(odd_requests)
    said = f"{answered} of {RINGS} rings answered beside {slow} slow strangers"
    if wrong:
        said += f"; answered wrongly: {', '.join(wrong)}"
    return Figure(said, kept=answered == RINGS and not wrong)

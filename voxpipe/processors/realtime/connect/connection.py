"""The socket under a session: WebSockets on asyncio and trio, or anything alike."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    asynccontextmanager,
)
from typing import Any, Protocol

from voxpipe.pipeline.runtime.loop import in_trio

from .close import TIMEOUTS, Timeouts
from .host import Address

# Bytes: a retrieved item holds a whole turn of audio. The longest is a session: 60
# minutes of 24 kHz, 230,400,000 bytes of base64.
MAX_MESSAGE = 256 * 2**20


class Connection(Protocol):
    """Text messages both ways, in order."""

    async def send(self, message: str, /) -> None:
        """Send one message.

        Raises:
            SessionLost: the connection has ended.
        """
        ...

    async def receive(self) -> str:
        """Wait for the next message.

        Raises:
            SessionLost: the connection has ended, however politely.
        """
        ...


Connect = Callable[[Address], AbstractAsyncContextManager[Connection]]
"""Opens a connection; one that needs no key has the attribute ``needs_key = False``."""


@asynccontextmanager
async def websocket(
    address: Address, timeouts: Timeouts = TIMEOUTS, max_size: int = MAX_MESSAGE
) -> AsyncGenerator[Connection]:
    """Connect to the service, or to the simulator, on asyncio or trio.

    Args:
        address: where, and as whom.
        timeouts: how long it is waited for.
        max_size: bytes of a message.

    Raises:
        SessionRefused: the upgrade was refused; says by which status, and why.
        TransportError: nobody there, or somebody who does not speak WebSocket.
        ConfigurationError: the environment names a proxy that it cannot go through.
    """
    opening: AbstractAsyncContextManager[Connection]
    # Here, not above: a program that replays a recording needs no WebSockets.
    from .failure import explained
    from .proxy import check_speakable, proxy_of

    proxy = proxy_of(address.url)
    check_speakable(proxy)
    options: Any = {"proxy": proxy, "max_size": max_size}
    if in_trio():
        from .trio_socket import open_trio

        opening = open_trio(address, timeouts, **options)
    else:
        from .asyncio_socket import open_asyncio

        opening = open_asyncio(address, timeouts, **options)
    async with AsyncExitStack() as stack:
        with explained(address, proxy, timeouts.open):
            connection: Connection = await stack.enter_async_context(opening)
        yield connection

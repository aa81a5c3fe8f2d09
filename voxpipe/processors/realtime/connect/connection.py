"""The socket under a session: WebSockets on asyncio and trio, or anything alike."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    asynccontextmanager,
    contextmanager,
)
from typing import Any, Protocol

from voxpipe.pipeline import TransportError
from voxpipe.pipeline.runtime.loop import in_trio
from voxpipe.pipeline.runtime.silent import SILENT

from .close import Timeouts
from .host import Address

OPEN_TIMEOUT = 10.0  # seconds, for DNS, TCP, TLS and upgrade together
QUIET = 2.5  # seconds without a message after which the service is asked for a pong
ANSWER = 2.0  # seconds for the pong; both together are less than a caller waits
FAREWELL = 1.0  # seconds for closing politely, also when everything is cancelled
MAX_MESSAGE = 16 * 2**20  # bytes; a retrieved item holds a whole turn of audio


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
async def websocket(address: Address) -> AsyncGenerator[Connection]:
    """Connect to the service, or to the simulator, on asyncio or trio.

    Raises:
        TransportError: nobody there, or the upgrade was refused.
    """
    opening: AbstractAsyncContextManager[Connection]
    patience = Timeouts(OPEN_TIMEOUT, QUIET, ANSWER, FAREWELL)
    options: Any = {"max_size": MAX_MESSAGE, "logger": SILENT}
    # Here, not above: a program that replays a recording needs no WebSockets.
    if in_trio():
        from .trio_socket import open_trio

        opening = open_trio(address, patience, **options)
    else:
        from .asyncio_socket import open_asyncio

        opening = open_asyncio(address, patience, **options)
    async with AsyncExitStack() as stack:
        with _explained(address):
            connection: Connection = await stack.enter_async_context(opening)
        yield connection


_CURES = {
    400: ": the host has no realtime model of this name (Azure's are deployments)",
    401: ": check the API key",
}


@contextmanager
def _explained(address: Address) -> Generator[None]:
    """Says in voxpipe's words why there is no connection, without the key."""
    from websockets.exceptions import InvalidHandshake, InvalidStatus

    try:
        yield
    except InvalidStatus as error:
        status = error.response.status_code
        raise TransportError(
            f"{address.host} refused the connection with HTTP {status}"
            + _CURES.get(status, "")
        ) from None
    except InvalidHandshake as error:
        raise TransportError(
            f"{address.host} does not speak WebSocket there: {type(error).__name__}"
        ) from None
    except (OSError, UnicodeError, EOFError) as error:
        raise TransportError(
            f"no connection to {address.host}: {type(error).__name__}"
        ) from error

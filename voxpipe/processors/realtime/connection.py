"""The socket under a session: WebSockets on asyncio and trio, or anything alike."""

from __future__ import annotations

import ipaddress
import os
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    asynccontextmanager,
)
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urlencode, urlsplit, urlunsplit

from anyio import CancelScope, current_time
from pydantic import SecretStr

from voxpipe.pipeline import SessionLost, TransportError, VoxpipeError

OPENAI_URL = "https://api.openai.com/v1"
OPEN_TIMEOUT = 10.0  # seconds, for DNS, TCP, TLS and upgrade together
PING_EVERY = 4.0  # seconds; a peer that went silent is noticed after two of them
FAREWELL = 1.0  # seconds for closing politely, also when everything is cancelled
MAX_MESSAGE = 16 * 2**20  # bytes; a retrieved item holds a whole turn of audio


class ConfigurationError(VoxpipeError):
    """The program, or its environment, asks for a connection that cannot be made."""


class Connection(Protocol):
    """Text messages both ways, in order."""

    async def send(self, message: str) -> None:
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


@dataclass(frozen=True, slots=True)
class Address:
    """Where a session is, and what opens it.

    Attributes:
        url: ``wss://…/realtime?model=…``.
        key: never shown.
    """

    url: str
    key: SecretStr = field(repr=False)


Connect = Callable[[Address], AbstractAsyncContextManager[Connection]]


def address_of(
    model: str, *, api_key: str | SecretStr | None, base_url: str | None
) -> Address:
    """Where ``model`` is to be found; reads the environment as the official SDK does.

    Raises:
        ConfigurationError: no key, or a plain connection that would leave the machine.
    """
    if api_key is None:
        api_key = os.environ.get("OPENAI_API_KEY") or None
    if api_key is None:
        raise ConfigurationError(
            "no API key: set OPENAI_API_KEY, pass api_key=, or talk to the simulator "
            "(`voxpipe simulate`), which takes any key"
        )
    key = api_key if isinstance(api_key, SecretStr) else SecretStr(api_key)
    base = base_url or os.environ.get("OPENAI_BASE_URL") or OPENAI_URL
    parts = urlsplit(base)
    schemes = {"http": "ws", "https": "wss", "ws": "ws", "wss": "wss"}
    scheme = schemes.get(parts.scheme)
    if scheme is None or not parts.hostname:
        raise ConfigurationError(
            "the base URL must look like https://host/v1 (http, ws and wss will do too)"
        )
    if scheme == "ws" and not _is_loopback(parts.hostname):
        raise ConfigurationError(
            f"{parts.scheme}:// would send the key and the call in the clear to "
            f"{parts.hostname}: use https://, plain connections are for loopback only"
        )
    path = parts.path.rstrip("/") + "/realtime"
    query = urlencode({"model": model})
    return Address(urlunsplit((scheme, parts.netloc, path, query, "")), key)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class _WebSocket:
    """Makes every end of a connection the same error, silent ones included."""

    def __init__(self, socket: Any, closed: type[Exception]) -> None:
        self._socket = socket
        self._closed = closed

    async def send(self, message: str) -> None:
        try:
            await self._socket.send(message)
        except self._closed:
            raise self._lost() from None

    async def receive(self) -> str:
        try:
            message = await self._socket.recv()
        except self._closed:
            raise self._lost() from None
        if isinstance(message, bytes):
            return message.decode("utf-8", "replace")
        return str(message)

    def _lost(self) -> SessionLost:
        code = self._socket.close_code
        reason = self._socket.close_reason or ""
        how = f"closed it with {code}" if code else "went away"
        return SessionLost(
            f"the model session ended: the other side {how}"
            + (f" ({reason[:200]})" if reason else ""),
            code=code,
            reason=reason,
        )


@asynccontextmanager
async def websocket(address: Address) -> AsyncGenerator[Connection]:
    """Connect to the service, or to the simulator, on asyncio or trio.

    Raises:
        TransportError: nobody there, or the upgrade was refused.
    """
    # Here, not above: a program that replays a recording needs no WebSockets.
    from websockets.exceptions import ConnectionClosed, InvalidHandshake

    connect: Any
    if _in_trio():
        from websockets.trio.client import connect
    else:
        from websockets.asyncio.client import connect
    opening = connect(
        address.url,
        additional_headers={
            "Authorization": f"Bearer {address.key.get_secret_value()}"
        },
        compression=None,  # base64 of sound does not shrink enough to pay for it
        open_timeout=OPEN_TIMEOUT,
        ping_interval=PING_EVERY,
        ping_timeout=PING_EVERY,
        max_size=MAX_MESSAGE,
        proxy=None,
    )
    async with AsyncExitStack() as stack:
        try:
            socket = await stack.enter_async_context(opening)
        except InvalidHandshake as error:
            raise TransportError(
                f"the service refused the connection: {type(error).__name__}"
            ) from None
        except (OSError, TimeoutError) as error:
            host = urlsplit(address.url).netloc.rpartition("@")[2]
            raise TransportError(
                f"no connection to {host}: {type(error).__name__}"
            ) from error
        try:
            yield _WebSocket(socket, ConnectionClosed)
        finally:
            with CancelScope(shield=True, deadline=current_time() + FAREWELL):
                await (socket.aclose if _in_trio() else socket.close)()


def _in_trio() -> bool:
    trio = sys.modules.get("trio")
    return trio is not None and bool(trio.lowlevel.in_trio_run())

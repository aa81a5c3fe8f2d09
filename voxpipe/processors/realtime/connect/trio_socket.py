"""The socket under a session on trio: the connection that websockets has for it."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import cache
from logging import Logger
from typing import Any

from anyio import (
    CancelScope,
    create_task_group,
    current_time,
    fail_after,
    move_on_after,
)
from websockets.exceptions import ConcurrencyError, ConnectionClosed
from websockets.uri import parse_uri

from .close import Timeouts, lost, unheard, unread
from .dial import dial
from .host import Address
from .proxy import Proxy


@asynccontextmanager
async def open_trio(
    address: Address,
    patience: Timeouts,
    *,
    proxy: Proxy | None,
    max_size: int,
    logger: Logger,
) -> AsyncGenerator[TrioSocket]:
    """Connect, and close at the end of the context.

    Raises:
        OSError, ProxyRefused, InvalidHandshake, EOFError: there is no connection, or no
            upgrade.
    """
    import trio  # an extra

    uri = parse_uri(address.url)
    with fail_after(patience.open) as dialing:
        dialed = await dial(uri.host, uri.port, proxy)
    async with AsyncExitStack() as stack:
        try:
            socket: Any = await stack.enter_async_context(
                _connect()(
                    address.url,
                    stream=trio.SocketStream(trio.socket.from_stdlib_socket(dialed)),
                    additional_headers=address.headers(),
                    compression=None,  # sound in base64 does not shrink enough
                    open_timeout=dialing.deadline - current_time(),
                    close_timeout=patience.farewell,
                    ping_interval=None,  # `TrioSocket` asks when nothing comes
                    max_size=max_size,
                    logger=logger,
                )
            )
        except trio.BrokenResourceError as broken:
            # Around what asyncio raises as it is, such as that of a certificate.
            cause = broken.__cause__
            raise cause if isinstance(cause, OSError) else EOFError() from None
        try:
            yield TrioSocket(socket, patience)
        finally:
            bound = current_time() + 2 * patience.farewell
            with CancelScope(shield=True, deadline=bound):
                await _say_goodbye(socket)


@cache
def _connect() -> Any:
    from websockets.trio.client import connect

    class Connect(connect):
        """Follows nobody elsewhere, where it would show keys that it does not know."""

        def process_redirect(self, exc: Exception) -> Exception | str:
            return exc

    return Connect


class TrioSocket:
    """Makes every end of a connection the same error, silent ones included."""

    def __init__(self, socket: Any, patience: Timeouts) -> None:
        self._socket = socket
        self._patience = patience

    async def send(self, message: str, /) -> None:
        """Send a message, waiting while the service does not read."""
        try:
            await self._socket.send(message)
        except ConnectionClosed:
            raise self._lost() from None

    async def receive(self) -> str:
        """The next message."""
        try:
            message = await self._next()
        except ConnectionClosed:
            raise self._lost() from None
        if isinstance(message, bytes):
            return message.decode("utf-8", "replace")
        return str(message)

    async def _next(self) -> Any:
        # The pings of websockets want a pong in time even while messages come, and one
        # can be late behind a minute of audio. Here whatever comes is a sign of life.
        while True:
            with move_on_after(self._patience.quiet):
                return await self._socket.recv()
            pong = await self._ping()
            with move_on_after(self._patience.answer):
                return await self._socket.recv()
            if not pong.is_set():
                raise unheard(self._patience)

    async def _ping(self) -> Any:
        # A peer that reads nothing fills the socket, and then not even a ping gets out.
        with move_on_after(self._patience.answer):
            return await self._socket.ping()
        raise unread(self._patience)

    def _lost(self) -> Exception:
        return lost(self._socket.close_code, self._socket.close_reason or "")


async def _say_goodbye(socket: Any) -> None:
    """Close politely: the other side's answer stands behind what it was just saying."""
    try:
        async with create_task_group() as tasks:
            tasks.start_soon(_read_off, socket)
            await socket.aclose()
            tasks.cancel_scope.cancel()
    finally:
        # websockets (17.4) waits for ever for its reader if that was paused, because of
        # a full buffer, when the connection closed: nothing resumes it.
        if socket.recv_flow_control is not None:
            socket.resume_reading()


async def _read_off(socket: Any) -> None:
    with suppress(ConnectionClosed, ConcurrencyError):
        while True:
            await socket.recv()

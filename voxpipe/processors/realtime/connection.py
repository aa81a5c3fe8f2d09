"""The socket under a session: WebSockets on asyncio and trio, or anything alike."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    asynccontextmanager,
    contextmanager,
    suppress,
)
from typing import Any, Protocol

from anyio import CancelScope, create_task_group, current_time, move_on_after

from voxpipe.pipeline import SessionLost, TransportError
from voxpipe.pipeline.loop import in_trio

from .address import Address

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


class _WebSocket:
    """Makes every end of a connection the same error, silent ones included."""

    def __init__(self, socket: Any, closed: type[Exception]) -> None:
        self._socket = socket
        self._closed = closed

    async def send(self, message: str, /) -> None:
        try:
            await self._socket.send(message)
        except self._closed:
            raise self._lost() from None

    async def receive(self) -> str:
        try:
            message = await self._next()
        except self._closed:
            raise self._lost() from None
        if isinstance(message, bytes):
            return message.decode("utf-8", "replace")
        return str(message)

    async def _next(self) -> Any:
        # The pings of websockets want a pong in time even while messages come, and one
        # can be late behind a minute of audio. Here whatever comes is a sign of life.
        while True:
            with move_on_after(QUIET):
                return await self._socket.recv()
            pong = await self._ping()
            with move_on_after(ANSWER):
                return await self._socket.recv()
            if not (pong.done() if hasattr(pong, "done") else pong.is_set()):
                raise SessionLost(
                    "the model session ended: nothing has come from the other side for "
                    f"{QUIET + ANSWER:g} s, not even a pong"
                )

    async def _ping(self) -> Any:
        # A peer that reads nothing fills the socket, and then not even a ping gets out.
        with move_on_after(ANSWER):
            return await self._socket.ping()
        raise SessionLost(
            "the model session ended: the other side has read nothing for "
            f"{QUIET + ANSWER:g} s"
        )

    def _lost(self) -> SessionLost:
        code = self._socket.close_code
        reason = self._socket.close_reason or ""
        if code == 1006:  # which is what websockets says for "without saying goodbye"
            code = None
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
    from websockets.exceptions import ConnectionClosed

    connect: Any
    if in_trio():
        from websockets.trio.client import connect
    else:
        from websockets.asyncio.client import connect
    async with AsyncExitStack() as stack:
        with _explained(address):
            socket = await stack.enter_async_context(
                connect(
                    address.url,
                    additional_headers={
                        "Authorization": f"Bearer {address.key.get_secret_value()}"
                    },
                    compression=None,  # sound in base64 does not shrink enough
                    open_timeout=OPEN_TIMEOUT,
                    close_timeout=FAREWELL,
                    ping_interval=None,  # `_WebSocket` asks when nothing comes
                    max_size=MAX_MESSAGE,
                    proxy=None,
                    logger=_silent(),
                )
            )
        try:
            yield _WebSocket(socket, ConnectionClosed)
        finally:
            with CancelScope(shield=True, deadline=current_time() + 2 * FAREWELL):
                await _say_goodbye(socket)


async def _say_goodbye(socket: Any) -> None:
    """Close politely: the other side's answer stands behind what it was just saying."""
    try:
        async with create_task_group() as tasks:
            tasks.start_soon(_read_off, socket)
            await (socket.aclose if in_trio() else socket.close)()
            tasks.cancel_scope.cancel()
    finally:
        # On trio websockets (17.4) waits for ever for its reader if that was paused,
        # because of a full buffer, when the connection closed: nothing resumes it.
        if getattr(socket, "recv_flow_control", None) is not None:
            socket.resume_reading()


async def _read_off(socket: Any) -> None:
    from websockets.exceptions import ConcurrencyError, ConnectionClosed

    with suppress(ConnectionClosed, ConcurrencyError):
        while True:
            await socket.recv()


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
            + (": check OPENAI_API_KEY" if status == 401 else "")
        ) from None
    except InvalidHandshake as error:
        raise TransportError(
            f"{address.host} does not speak WebSocket there: {type(error).__name__}"
        ) from None
    except (OSError, UnicodeError, EOFError) as error:
        raise TransportError(
            f"no connection to {address.host}: {type(error).__name__}"
        ) from error


def _silent() -> logging.Logger:
    # At DEBUG websockets logs every header and frame: the key, and what people say.
    return logging.Logger("voxpipe.websockets", level=logging.CRITICAL + 1)


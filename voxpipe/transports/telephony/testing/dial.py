"""A WebSocket to the server that answers, on asyncio or trio."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

from anyio import (
    BrokenResourceError,
    CancelScope,
    EndOfStream,
    create_task_group,
    current_time,
)
from websockets.exceptions import (
    ConcurrencyError,
    ConnectionClosed,
    InvalidHandshake,
    InvalidStatus,
)

from voxpipe.pipeline import TransportError
from voxpipe.pipeline.runtime.loop import in_trio
from voxpipe.pipeline.runtime.silent import SILENT

from .webhook import CallRefused

OPEN_TIMEOUT = 10.0  # seconds, for TCP, TLS and upgrade together
CLOSE_TIMEOUT = 1.0  # seconds that the other side has to answer a closing word
MAX_MESSAGE = 2**20  # bytes


class WebSocketLine:
    """The carrier's end of a WebSocket."""

    def __init__(self, socket: Any) -> None:
        self._socket = socket

    @property
    def close_code(self) -> int | None:
        """With which the connection was closed; ``None`` if it is open, or broken."""
        code: int | None = self._socket.close_code
        return None if code == 1006 else code  # so websockets says "broken"

    async def receive(self) -> str | bytes:
        """Wait for the next message.

        Raises:
            EndOfStream: the connection has ended.
        """
        try:
            message: str | bytes = await self._socket.recv()
        except ConnectionClosed:
            raise EndOfStream from None
        return message

    async def send(self, message: str | bytes, /) -> None:
        """Send one message.

        Raises:
            BrokenResourceError: the connection has ended.
        """
        try:
            await self._socket.send(message)
        except ConnectionClosed:
            raise BrokenResourceError from None

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """Say goodbye; the answer stands behind what the server was just sending."""
        close = self._socket.aclose if in_trio() else self._socket.close
        try:
            async with create_task_group() as tasks:
                tasks.start_soon(self._read_off)
                await close(code, reason)
                tasks.cancel_scope.cancel()
        finally:
            self._let_reader_end()

    async def abort(self) -> None:
        """Break the connection without a word."""
        if in_trio():
            import trio

            await trio.aclose_forcefully(self._socket.stream)
        else:
            self._socket.transport.abort()
        self._let_reader_end()

    async def _read_off(self) -> None:
        with suppress(EndOfStream, ConcurrencyError):  # somebody reads already
            while True:
                await self.receive()

    def _let_reader_end(self) -> None:
        # On trio websockets (17.4) waits for ever for its reader if that was paused,
        # because of a full buffer, when the connection ended.
        if getattr(self._socket, "recv_flow_control", None) is not None:
            self._socket.resume_reading()


@asynccontextmanager
async def dialled(
    url: str, headers: Mapping[str, str]
) -> AsyncGenerator[WebSocketLine]:
    """Connect as Twilio does.

    Raises:
        CallRefused: the server answered something else than an upgrade.
        TransportError: nobody answered.
    """
    async with AsyncExitStack() as stack:
        try:
            socket = await stack.enter_async_context(_connect(url, headers))
        except InvalidStatus as error:
            status = error.response.status_code
            raise CallRefused(
                f"the stream was refused with HTTP {status} (error 31920)",
                status=status,
            ) from None
        except (OSError, EOFError, TimeoutError, InvalidHandshake) as error:
            raise TransportError(
                f"no stream to {urlsplit(url).netloc}: {type(error).__name__}"
            ) from error
        line = WebSocketLine(socket)
        try:
            yield line
        finally:
            with CancelScope(shield=True, deadline=current_time() + 2 * CLOSE_TIMEOUT):
                await line.close()


def _connect(url: str, headers: Mapping[str, str]) -> Any:
    connect: Any
    if in_trio():
        from websockets.trio.client import connect
    else:
        from websockets.asyncio.client import connect
    return connect(
        url,
        additional_headers=headers,
        user_agent_header="Twilio.TmeWs/1.0",
        compression=None,
        open_timeout=OPEN_TIMEOUT,
        close_timeout=CLOSE_TIMEOUT,
        ping_interval=None,
        max_size=MAX_MESSAGE,
        proxy=None,
        logger=SILENT,
    )

"""The same apps on the bare websockets library, without `voxpipe serve`.

Beside it one sees what the server, its tickets and its log lines cost.

    python -m benchmarks.calls.bare --port 8080 --app straight
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from contextlib import suppress

from anyio import BrokenResourceError, EndOfStream
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from voxpipe.pipeline import TransportError
from voxpipe.transports.telephony import Call
from voxpipe.transports.telephony.twilio import TwilioCall

from . import apps

App = Callable[[Call], Awaitable[None]]


class Socket:
    """A connection as a call wants it."""

    def __init__(self, connection: ServerConnection) -> None:
        self._connection = connection

    async def receive(self) -> str | bytes:
        """The next message."""
        try:
            return await self._connection.recv()
        except ConnectionClosed:
            raise EndOfStream from None

    async def send(self, message: str | bytes, /) -> None:
        """Send one."""
        try:
            await self._connection.send(message)
        except ConnectionClosed:
            raise BrokenResourceError from None

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """End the connection."""
        await self._connection.close(code, reason)


async def answer(connection: ServerConnection, app: App) -> None:
    """Take a call."""
    with suppress(TransportError):
        async with TwilioCall.accept(Socket(connection)) as call:
            await app(call)


async def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.calls.bare")
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--model", default="ws://127.0.0.1:8081/v1")
    parser.add_argument("--app", choices=("straight", "resampled", "local_vad"))
    given = parser.parse_args()
    os.environ["OPENAI_BASE_URL"] = given.model
    os.environ.setdefault("OPENAI_API_KEY", "sk-none")
    app: App = getattr(apps, given.app or "straight")
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with serve(
        lambda connection: answer(connection, app),
        "127.0.0.1",
        given.port,
        compression=None,
    ):
        await stop.wait()


if __name__ == "__main__":
    asyncio.run(main())

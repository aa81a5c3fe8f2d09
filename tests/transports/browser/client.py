"""A page's WebSocket by another library, over real sockets."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol


class Client:
    """One connection."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.audio = b""

    async def send(self, kind: str, **fields: Any) -> None:
        await self.connection.send(json.dumps({"type": kind, **fields}))

    async def next(self, kind: str) -> dict[str, Any]:
        """The next message of a kind; others are passed over, audio is kept."""
        while True:
            message = await self.connection.recv()
            if isinstance(message, bytes):
                self.audio += message[8:]
                continue
            told: dict[str, Any] = json.loads(message)
            if told["type"] == kind:
                return told

    async def closed(self) -> int | None:
        """With which code it was closed."""
        await self.connection.wait_closed()
        return self.connection.close_code


@asynccontextmanager
async def client(
    url: str,
    *,
    path: str = "/browser",
    origin: str | None = None,
    protocol: str | None = "voxpipe.1",
    headers: dict[str, str] | None = None,
    hello: dict[str, Any] | None = None,
) -> AsyncGenerator[Client]:
    """A connection on which hello was said, unless that is empty."""
    async with connect(
        "ws" + url.removeprefix("http") + path,
        origin=None if origin is None else Origin(origin),
        subprotocols=None if protocol is None else [Subprotocol(protocol)],
        additional_headers=headers,
        proxy=None,
    ) as connection:
        found = Client(connection)
        if hello is None or hello:
            await found.send("hello", **(hello or {}))
        yield found

"""A service of which a test decides every message."""

from __future__ import annotations

import json
from base64 import b64encode
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from anyio import Event

from voxpipe.pipeline import SessionLost
from voxpipe.processors.realtime import Connection
from voxpipe.processors.realtime.config.settings import PCM_24K
from voxpipe.processors.realtime.connect import Address

Json = dict[str, Any]
SESSION: Json = {"id": "sess_1", "expires_at": 2_000_000_000}


class FakeService:
    """A connection whose other side is the test.

    Attributes:
        asked: every event that the client has sent.
        address: where it has connected to.
    """

    def __init__(self) -> None:
        self.asked: list[Json] = []
        self.address: Address | None = None
        self._says: deque[str] = deque()
        self._news = Event()
        self.says("session.created", session=SESSION)
        self.says("session.updated", session=SESSION)

    def connect(self, address: Address) -> Any:
        """For ``connect=``."""
        self.address = address
        return self._connected()

    @asynccontextmanager
    async def _connected(self) -> AsyncGenerator[Connection]:
        yield self

    # --- the test's side

    def says(self, kind: str, /, **fields: Any) -> None:
        """The service sends an event."""
        self.says_text(json.dumps({"type": kind, **fields}))

    def says_text(self, text: str) -> None:
        """It sends these characters."""
        self._says.append(text)
        self._news.set()

    def speaks(self, seconds: float, **fields: Any) -> None:
        """It sends so much of a translation."""
        delta = b64encode(bytes(PCM_24K.bytes_in(seconds))).decode()
        self.says("session.output_audio.delta", delta=delta, **fields)

    def asked_for(self, kind: str) -> list[Json]:
        """The client's events of one type."""
        return [each for each in self.asked if each["type"] == kind]

    # --- the client's side

    async def send(self, message: str, /) -> None:
        """Keep what the client asks."""
        self.asked.append(json.loads(message))

    async def receive(self) -> str:
        """What the service says next; `goes` makes it the end."""
        while not self._says:
            self._news = Event()
            await self._news.wait()
        text = self._says.popleft()
        if not text:
            raise SessionLost("it went away", code=1011)
        return text

    def goes(self) -> None:
        """It goes away, after what it has said."""
        self.says_text("")

"""A caller, and on the other end of the line a test that writes what a server would."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from anyio import EndOfStream, create_task_group, current_time

from voxpipe.pipeline.testing import no_leaks
from voxpipe.transports.telephony.testing import (
    Caller,
    Leg,
    MemoryLine,
    Sids,
    memory_lines,
)

LOUD = b"\x80"
SIDS = Sids("ACa", "CAb", "MZc")
SECOND = 8_000


def media(seconds: float) -> str:
    payload = base64.b64encode(LOUD * round(seconds * SECOND)).decode()
    return json.dumps(
        {"event": "media", "streamSid": SIDS.stream, "media": {"payload": payload}}
    )


def mark(name: str) -> str:
    return json.dumps(
        {"event": "mark", "streamSid": SIDS.stream, "mark": {"name": name}}
    )


CLEAR = json.dumps({"event": "clear", "streamSid": SIDS.stream})


class Server:
    """The other end: sends what the test says, and keeps what comes."""

    def __init__(self, line: MemoryLine) -> None:
        self.line = line
        self.came: list[tuple[float, dict[str, Any]]] = []

    async def read(self) -> None:
        try:
            while True:
                message = json.loads(await self.line.receive())
                self.came.append((current_time(), message))
        except EndOfStream:
            await self.line.close()

    async def send(self, *messages: str) -> None:
        for message in messages:
            await self.line.send(message)

    def times_of(self, event: str) -> list[float]:
        return [at for at, each in self.came if each["event"] == event]


@asynccontextmanager
async def conversation(capacity: int = 64) -> AsyncGenerator[tuple[Caller, Server]]:
    ours, theirs = memory_lines(capacity)
    server = Server(theirs)
    failure: Exception | None = None
    async with no_leaks(), create_task_group() as tasks:
        tasks.start_soon(server.read)
        try:
            async with Caller(Leg(current_time(), sids=SIDS), ours) as caller:
                yield caller, server
        except Exception as error:  # noqa: BLE001  # raised bare, not in a group
            failure = error
    if failure is not None:
        raise failure

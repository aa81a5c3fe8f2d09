"""Getting a session ready that is what it was asked to be, of whatever type."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any

import anyio

from voxpipe.pipeline import TransportError
from voxpipe.processors.realtime import events as ev
from voxpipe.processors.realtime.errors import ConfigurationError

from .address import Address
from .connection import Connect, Connection
from .greeting import greeting

READY_TIMEOUT = 10.0  # seconds from the open socket to an acknowledged configuration


@dataclass(frozen=True, slots=True)
class Opened:
    """A session that is ready.

    Attributes:
        connection: the socket.
        told: what the service says that the session is.
    """

    connection: Connection
    told: Mapping[str, Any]

    @property
    def id(self) -> str:
        """The service's name for it."""
        return str(self.told.get("id", ""))

    @property
    def expires_at(self) -> int | None:
        """Unix seconds; ``None`` if the service did not say."""
        value = self.told.get("expires_at")
        return value if isinstance(value, int) and value > 0 else None


def update_of(session: Mapping[str, Any]) -> str:
    """The ``session.update`` that asks for ``session``.

    Raises:
        ConfigurationError: JSON cannot express it.
    """
    try:
        return json.dumps({"type": "session.update", "session": session})
    except (TypeError, ValueError) as error:
        raise ConfigurationError(
            f"the session is asked for something that JSON cannot express: {error}"
        ) from None


@contextmanager
def in_time() -> Generator[None]:
    """Give the service 10 s to get a session ready.

    Raises:
        TransportError: it was not.
    """
    try:
        with anyio.fail_after(READY_TIMEOUT):
            yield
    except TimeoutError:
        raise TransportError(
            f"the service did not get the session ready in {READY_TIMEOUT:.0f} s"
        ) from None


async def configured(connection: Connection, update: str) -> Opened:
    """Ask for the session that one wants, and wait until that is acknowledged.

    Raises:
        SessionRefused: the service said no.
        SessionLost: it went away.
    """
    created = await _awaited(connection, "session.created")
    await connection.send(update)
    await _awaited(connection, "session.updated")
    return Opened(connection, created)


@asynccontextmanager
async def opened(
    address: Address, update: str, connect: Connect
) -> AsyncGenerator[Opened]:
    """Connect and configure.

    Raises:
        SessionRefused: the service said no.
        SessionLost: it went away before the session was ready.
        TransportError: it cannot be reached, or does not answer within 10 s.
    """
    async with connect(address) as connection:
        with in_time():
            ready = await configured(connection, update)
        yield ready


async def _awaited(connection: Connection, kind: str) -> Mapping[str, Any]:
    while True:
        _, event = await greeting(connection, kind)
        if isinstance(event, ev.SessionEvent) and event.type == kind:
            return event.session

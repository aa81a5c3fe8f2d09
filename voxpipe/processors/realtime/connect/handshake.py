"""Getting a session ready that is what it was asked to be, of whatever type."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Generator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any, Generic, Self, TypeVar

import anyio

from voxpipe.pipeline import SessionLost, TransportError
from voxpipe.pipeline.runtime.surrogates import json_text
from voxpipe.processors.realtime import events as ev
from voxpipe.processors.realtime.config.expressible import check_expressible
from voxpipe.processors.realtime.config.models import VOICES
from voxpipe.processors.realtime.errors import SessionRefused, refused
from voxpipe.processors.realtime.events.parse import AudioDelta, parse

from .connection import Connect, Connection
from .host import Address, Host
from .loan import Loan
from .reconnect import Reconnect

_CURES = {
    "invalid_api_key": ": check OPENAI_API_KEY",
    "invalid_model": ": this name is not a realtime model",
    "beta_api_shape_disabled": ": the beta is switched off, send no OpenAI-Beta header",
    "call_not_found": ": the call is over, or nobody has accepted it yet",
    "unknown_parameter": ": a field of extra= does not exist",
}
_FIELD_CURES: Mapping[str | None, str] = {
    "session.audio.output.voice": f": it has {', '.join(VOICES)}, and those of your own"
}
READY_TIMEOUT = 5.0  # seconds from the open socket to an acknowledged configuration

S = TypeVar("S")


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedSession(Generic[S]):
    """A session of whatever type, ready; lent to one box.

    Attributes:
        settings: what it was opened with.
        connection: the socket; the box reads it from now on.
        id: the service's name for it.
        expires_at: unix seconds; the service ends it then. ``None`` if it did not say.
        host: where it is.
        reconnect: how it is replaced when it is lost; ``None`` for not at all.
        another: opens another one like it, with the settings that are in force then;
            takes ``service=``, too, for one elsewhere.
        loan: to whom it is lent.
    """

    settings: S
    connection: Connection
    id: str
    expires_at: int | None
    host: str
    reconnect: Reconnect | None = None
    another: Callable[..., AbstractAsyncContextManager[OpenedSession[S]]] | None = (
        field(default=None, repr=False, compare=False)
    )
    loan: Loan = field(default_factory=Loan, init=False, repr=False, compare=False)

    @classmethod
    def as_told(
        cls,
        settings: S,
        connection: Connection,
        told: Mapping[str, Any],
        host: Host,
        **more: Any,
    ) -> Self:
        """One that is what the service tells of it, and ``more`` of its attributes."""
        ends = told.get("expires_at")
        return cls(
            settings=settings,
            connection=connection,
            id=str(told.get("id", "")),
            expires_at=ends if isinstance(ends, int) and ends > 0 else None,
            host=host.netloc,
            **more,
        )


def update_of(session: Mapping[str, Any]) -> str:
    """The ``session.update`` that asks for ``session``.

    Raises:
        ConfigurationError: JSON cannot express it.
    """
    check_expressible(session)
    return json_text({"type": "session.update", "session": session})


@contextmanager
def in_time() -> Generator[None]:
    """Give the service 5 s to get a session ready.

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


async def greeting(
    connection: Connection, awaited: str
) -> tuple[str, ev.Event | AudioDelta]:
    """Wait for the next event, which should not be an error.

    Args:
        connection: that was opened a moment ago.
        awaited: what it is waited for, in an error's text.

    Returns:
        The event, as it came and as it is read.

    Raises:
        SessionRefused: the service said no.
        SessionLost: it went away.
        TransportError: it talks nonsense.
    """
    try:
        message = await connection.receive()
    except SessionLost as lost:
        raise SessionLost(
            f"waiting for {awaited}: {lost}",
            code=lost.code,
            reason=lost.reason,
            how=lost.how,
        ) from None
    event = parse(message)
    if isinstance(event, ev.ErrorEvent):
        # Its message can quote the key, or the instructions: only the code is told.
        code, field = event.error.name, event.error.field
        cure = _CURES.get(code) or _FIELD_CURES.get(field, "")
        text = refused("the session", code, field, cure)
        raise SessionRefused(text, code, field)
    return message, event


async def configured(connection: Connection, update: str) -> Mapping[str, Any]:
    """Ask for the session that one wants, and wait until that is acknowledged.

    Raises:
        SessionRefused: the service said no.
        SessionLost: it went away.
    """
    created = await _awaited(connection, "session.created")
    await connection.send(update)
    await _awaited(connection, "session.updated")
    return created


@asynccontextmanager
async def opened(
    address: Address, update: str, connect: Connect
) -> AsyncGenerator[tuple[Connection, Mapping[str, Any]]]:
    """Connect and configure; gives what the service says that the session is, too.

    Raises:
        SessionRefused: the service said no.
        SessionLost: it went away before the session was ready.
        TransportError: it cannot be reached, or does not answer within 5 s.
    """
    async with connect(address) as connection:
        with in_time():
            told = await configured(connection, update)
        yield connection, told


async def _awaited(connection: Connection, kind: str) -> Mapping[str, Any]:
    while True:
        _, event = await greeting(connection, kind)
        if isinstance(event, ev.SessionEvent) and event.type == kind:
            return event.session

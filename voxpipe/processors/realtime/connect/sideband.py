"""Joining a call that somebody else carries: SIP, or a browser's WebRTC.

Its session is there already, configured by whoever accepted the call, so nothing is
sent: the service is asked what it is. Most say so by themselves (``session.created``,
as on any other connection); of one that keeps silent the answer to an update that
changes nothing says the same. What else it says in the meantime is kept.
"""

from __future__ import annotations

import json
import logging
import re
from collections import deque
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from math import inf
from typing import Any, cast

from anyio import Event, move_on_after, sleep_forever

from voxpipe.pipeline import SessionLost, TransportError
from voxpipe.pipeline.errors import HowLost
from voxpipe.processors.realtime import events as ev
from voxpipe.processors.realtime.config.effective import effective
from voxpipe.processors.realtime.config.settings import Settings, value_at
from voxpipe.processors.realtime.errors import ConfigurationError

from .connection import Connection
from .handshake import greeting

HUNG_UP = 1000  # the close code of a call that has ended as calls do
# Or without one: TCP ends with the call. (OpenAI's own example of SIP takes that for
# its end, too.) A line that falls silent is another matter.
_UNSPOKEN: tuple[HowLost, ...] = ("ended", "reset")
UNASKED = 2.0  # seconds in which the service says by itself what the session is
EARLY = 1_024  # events before that; a second of a lively call has some fifty

logger = logging.getLogger(__name__)
_CALL_ID = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,255}")
_ASK = json.dumps({"type": "session.update", "session": {"type": "realtime"}})


class SidebandConnection:
    """The connection to a call that the service carries.

    It ends as calls do when somebody hangs up, with a close code or with none; then
    nothing more comes. Every other end is one that nobody has asked for.

    Args:
        connection: the socket.
        early: messages that have come from it already.
    """

    def __init__(self, connection: Connection, early: Iterable[str] = ()) -> None:
        self._early = deque(early)
        self._connection = connection
        self._hung_up = Event()

    async def send(self, message: str, /) -> None:
        """As `Connection.send`; what is sent when it has ended is lost."""
        with suppress(SessionLost):  # how it has ended `receive` tells
            await self._connection.send(message)

    async def receive(self) -> str:
        """As `Connection.receive`; not after somebody has hung up."""
        if self._early:
            return self._early.popleft()
        try:
            return await self._connection.receive()
        except SessionLost as lost:
            if lost.code != HUNG_UP and lost.how not in _UNSPOKEN:
                raise
            logger.info("the call is over: %s", lost)
        self._hung_up.set()
        await sleep_forever()
        raise AssertionError("nothing wakes what sleeps for ever")

    async def over(self) -> None:
        """Wait until somebody has hung up."""
        await self._hung_up.wait()


def check_unset(settings: Settings) -> None:
    """Refuse settings for a session that has its own.

    Raises:
        ConfigurationError: there are some, or this is no call's id.
    """
    checked_call_id(settings.call_id or "")
    if settings != Settings(call_id=settings.call_id):
        raise ConfigurationError(
            "a call has the session that it was accepted with: give its settings to "
            "Rest.accept, or change them while it lasts with Realtime.update; with "
            "call_id= go only api_key= and where the service is"
        )


def is_call_id(text: str) -> bool:
    """Whether it can be a call's name, which stands in URLs."""
    return _CALL_ID.fullmatch(text) is not None


def checked_call_id(call_id: str) -> str:
    """A call's name, which may stand in a URL.

    Raises:
        ConfigurationError: it cannot be one.
    """
    if not is_call_id(call_id):
        raise ConfigurationError(
            "a call's id is what its webhook, or the answer to its offer, says: "
            "rtc_ and letters and digits"
        )
    return call_id


async def join(
    connection: Connection, settings: Settings
) -> tuple[SidebandConnection, Settings, dict[str, Any]]:
    """Learn what the session of the call is.

    Returns:
        The connection to it, the settings in force, and the session as it was told.

    Raises:
        SessionRefused: there is no such call, or no more.
        SessionLost: the service went away.
        TransportError: it says everything but that.
    """
    early: list[str] = []
    patience = UNASKED
    while len(early) < EARLY:
        with move_on_after(patience) as waiting:
            message, event = await greeting(connection, "the session of the call")
            if isinstance(event, ev.SessionEvent):
                told = event.session
                carried = SidebandConnection(connection, early)
                return carried, _in_force(settings, told), told
            early.append(message)
        if waiting.cancelled_caught:
            patience = inf  # up to the timeout of opening a session
            await connection.send(_ASK)
    raise TransportError(f"expected the session of the call in {EARLY} events")


def _in_force(settings: Settings, session: Mapping[str, Any]) -> Settings:
    """``settings`` with what is in force, as far as it matters here."""
    model, words = session.get("model"), session.get("instructions")
    transcriber = value_at(session, "audio", "input", "transcription", "model")
    tools = session.get("tools")
    listed = cast("list[dict[str, Any]]", tools) if isinstance(tools, list) else []
    told = replace(
        settings,
        model=model if isinstance(model, str) else settings.model,
        instructions=words if isinstance(words, str) else None,
        # Those of hosted servers are called by the service, and declared to nobody.
        tools=tuple(each for each in listed if value_at(each, "type") == "function"),
        transcription=transcriber if isinstance(transcriber, str) else None,
    )
    return effective(told, session)

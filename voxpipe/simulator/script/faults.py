"""What can go wrong with a service, on demand: values for a script's ``faults``.

    Script(faults=[Close(code=1011, at="response.output_audio.delta", after=3)])

A fault strikes at an event of the protocol, in either direction, after so many of its
kind have gone by unharmed. In YAML it is named by ``do``::

    faults: [{do: close, code: 1011, at: response.output_audio.delta, after: 3}]
"""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from functools import partial
from typing import Annotated, Literal

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from voxpipe.simulator.protocol.event_names import ALL_EVENTS, SERVER_EVENTS

from .strict import Strict

__all__ = [
    "Close",
    "Duplicate",
    "Expired",
    "HalfOpen",
    "Malformed",
    "RateLimited",
    "Reorder",
    "Reset",
    "Slow",
    "Stall",
]

RATE_LIMIT = "rate_limit_exceeded"  # the code with which a reply fails


def _one_of(names: Sequence[str], whose: str, name: str) -> str:
    if name in names:
        return name
    close = get_close_matches(name, names, n=1)
    raise PydanticCustomError(
        "event",
        "expected {whose}, got '{name}'{cure}",
        {
            "whose": whose,
            "name": name[:60],
            "cure": f": did you mean {close[0]}?" if close else "",
        },
    )


EventName = Annotated[
    str, AfterValidator(partial(_one_of, ALL_EVENTS, "an event of the Realtime API"))
]
ServerEventName = Annotated[
    str,
    AfterValidator(partial(_one_of, SERVER_EVENTS, "an event that the service sends")),
]
_Count = Annotated[int, Field(ge=0, le=1_000_000)]
_Times = Annotated[int, Field(ge=1, le=1_000_000)]


class _OfConnection(Strict):
    """A fault of a connection.

    Attributes:
        after: how many of the events go by first.
        sessions: it strikes only in so many sessions of a server, the first ones;
            ``None`` for all. A client that connects again meets it no more.
    """

    after: _Count = 0
    sessions: _Times | None = None


class Close(_OfConnection):
    """The connection is closed in place of the event.

    Attributes:
        at: type of the event; one of the client is not acted on.
        code: of the WebSocket's close frame; 1006 for none: the connection ends.
        reason: beside it; 123 bytes at most.
    """

    do: Literal["close"] = "close"
    at: EventName
    code: int = Field(default=1011, ge=1000, le=4999)
    reason: str = Field(default="", max_length=60)


class Reset(_OfConnection):
    """The connection is reset in place of the event, as by a process that dies."""

    do: Literal["reset"] = "reset"
    at: EventName


class Expired(_OfConnection):
    """The session ends as at its age limit: ``session_expired``, then 1001."""

    do: Literal["expired"] = "expired"
    at: EventName


class Stall(_OfConnection):
    """From the event on nothing is sent, while the connection stays and is read.

    Attributes:
        seconds: until everything goes on, late; ``None`` for never.
    """

    do: Literal["stall"] = "stall"
    at: EventName
    seconds: float | None = Field(default=None, ge=0, le=86_400)


class HalfOpen(_OfConnection):
    """From the event on nothing is sent, nothing read, and no ping answered.

    So it looks when the other side has lost its power: nobody says goodbye. In memory,
    where there are no pings, the client is told 4.5 s later, as over a socket.
    """

    do: Literal["half_open"] = "half_open"
    at: EventName


class Slow(_OfConnection):
    """From the event on every event takes so much longer.

    Attributes:
        seconds: more for each.
    """

    do: Literal["slow"] = "slow"
    at: EventName
    seconds: float = Field(default=0.5, ge=0, le=3600)


class Malformed(_OfConnection):
    """The event is not what it should be.

    Attributes:
        times: how many of them in a row.
        text: goes out in its place; ``None`` for its first half, which is not JSON.
    """

    do: Literal["malformed"] = "malformed"
    at: ServerEventName
    times: _Times = 1
    text: str | None = None


class Duplicate(_OfConnection):
    """The event comes twice.

    Attributes:
        times: how many of them in a row do.
    """

    do: Literal["duplicate"] = "duplicate"
    at: ServerEventName
    times: _Times = 1


class Reorder(_OfConnection):
    """The event changes places with the next one.

    Attributes:
        times: how many of them in a row do.
    """

    do: Literal["reorder"] = "reorder"
    at: ServerEventName
    times: _Times = 1


class RateLimited(Strict):
    """Replies fail with ``rate_limit_exceeded``: no tokens are left.

    Attributes:
        after: how many replies go well first.
        times: how many in a row fail.
    """

    do: Literal["rate_limited"] = "rate_limited"
    after: _Count = 0
    times: _Times = 1


ConnectionFault = (
    Close | Reset | Expired | Stall | HalfOpen | Slow | Malformed | Duplicate | Reorder
)  # fmt: skip
"""Those that happen to the connection, whatever the session is."""

ScriptFault = Annotated[ConnectionFault | RateLimited, Field(discriminator="do")]

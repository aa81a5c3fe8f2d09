"""What the service says before a session is ready: one event at a time."""

from __future__ import annotations

from typing import NamedTuple

from voxpipe.pipeline import SessionLost
from voxpipe.processors.realtime import events as ev
from voxpipe.processors.realtime.errors import SessionRefused
from voxpipe.processors.realtime.events.parse import AudioDelta, parse

from .connection import Connection

_CURES = {
    "invalid_api_key": ": check OPENAI_API_KEY",
    "invalid_model": ": this name is not a realtime model",
    "beta_api_shape_disabled": ": the beta is switched off, send no OpenAI-Beta header",
    "call_not_found": ": the call is over, or nobody has accepted it yet",
    "unknown_parameter": ": a field of extra= does not exist",
}


class Greeting(NamedTuple):
    """An event, as it came and as it is read."""

    message: str
    event: ev.Event | AudioDelta


async def greeting(connection: Connection, awaited: str) -> Greeting:
    """Wait for the next event, which should not be an error.

    Args:
        connection: that was opened a moment ago.
        awaited: what it is waited for, in an error's text.

    Raises:
        SessionRefused: the service said no.
        SessionLost: it went away.
        TransportError: it talks nonsense.
    """
    try:
        message = await connection.receive()
    except SessionLost as lost:
        raise SessionLost(
            f"waiting for {awaited}: {lost}", code=lost.code, reason=lost.reason
        ) from None
    event = parse(message)
    if isinstance(event, ev.ErrorEvent):
        # Its message can quote the key, or the instructions: only the code is told.
        error = event.error
        code = error.code or error.type or "unknown error"
        raise SessionRefused(code, error.param, _CURES.get(code, ""))
    return Greeting(message, event)

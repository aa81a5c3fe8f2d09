"""Which reply a response of the service is: by our name for it, or by what is awaited.

The service gives our name back in the metadata of ``response.created``. Where that was
lost, or does not say, whatever it can only be is what it is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from voxpipe.processors.realtime import events as ev

from .arbiter import TAG, Arbiter
from .response import Response

New = Callable[[dict[str, Any] | None], Response]
"""Makes a reply with these options."""


def lost_beginning(response_id: str, arbiter: Arbiter) -> ev.ResponseEvent | None:
    """The ``response.created`` that was never told of a response that goes on.

    ``None`` if the service may have begun more than one reply by now, or none.
    """
    awaited = arbiter.awaited
    if len(awaited) != 1:
        return None
    told = ev.Response(id=response_id, metadata={TAG: awaited[0]})
    return ev.ResponseEvent(type="response.created", response=told)


def whose(told: ev.Response, arbiter: Arbiter, new: New) -> Response:
    """The reply that begins: one that was asked for, or a new one."""
    wanted = (told.metadata or {}).get(TAG)
    response = arbiter.take(wanted)
    if response is not None:
        return response
    if arbiter.gave_up(wanted):
        response = new(None)
        response.turn.cut()
        return response
    if told.is_aside and not arbiter.is_expecting:
        # It has lost our name; if none is awaited, another client has asked for it.
        return arbiter.take_aside() or new({"conversation": "none"})
    return new(None)

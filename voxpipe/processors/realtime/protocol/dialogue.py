"""What every protocol does with a message: read it, tell of it, find who acts on it.

Rubbish and repetitions go no further. Who acts is one table for each protocol, from the
type of an event to its handlers in order: nobody takes part in what is not there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from voxpipe.pipeline.runtime.recent import Recent
from voxpipe.processors.realtime.events import Event, ServerEvent
from voxpipe.processors.realtime.events.parse import AudioDelta, BadEvent, parse

from .outbox import Outbox
from .response import Response

EVENTS = 256  # ids remembered, to know an event that comes twice

Handler = Callable[[Any, float], Response | None]
"""Acts on an event at a moment; a reply that it returns is to be asked for."""

Handlers = dict[str, tuple[Handler, ...]]
"""By type of event, in order."""


class Dialogue:
    """Reads the messages of one session.

    Args:
        outbox: told of events, and of everything unusable.
        handlers: who acts on which type of event, in order.
    """

    def __init__(self, outbox: Outbox, handlers: Handlers) -> None:
        self._outbox = outbox
        self._handlers = handlers
        self._seen = Recent(EVENTS)

    def read(self, message: str) -> Event | AudioDelta | None:
        """The event in ``message``; ``None`` for one that was reported and dropped."""
        try:
            event = parse(message)
        except BadEvent as error:
            self._outbox.report(str(error))
            return None
        if event.event_id is not None and not self._seen.add(event.event_id):
            self._outbox.report("an event came twice")
            return None
        return event

    def handlers_of(self, event: Event) -> tuple[Handler, ...]:
        """Tell who reads `events` of it; gives who acts on it."""
        self._outbox.tell("events", ServerEvent(event))
        return () if event.is_nameless else self._handlers.get(event.type, ())

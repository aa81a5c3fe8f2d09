"""What every protocol does with a message: read it, tell of it, find who acts on it.

Rubbish and repetitions go no further. Who acts is one table for each protocol, from the
type of an event to its handlers in order: nobody takes part in what is not there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from voxpipe.pipeline.runtime.recent import Recent
from voxpipe.processors.realtime.events import SERVER_EVENTS, Event, ServerEvent
from voxpipe.processors.realtime.events.parse import AudioDelta, BadEvent, parse

from .outbox import Outbox
from .response import Response

KNOWN = SERVER_EVENTS.keys() | {AudioDelta.type}
EVENTS = 256  # ids remembered, to know an event that comes twice

Handler = Callable[[Any, float], Response | None]
"""Acts on an event at a moment; a reply that it returns is to be asked for."""

Acting = tuple[Handler, ...]
"""In order."""

Handlers = dict[str, Acting]
"""By type of event."""


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

    def begin(self) -> None:
        """Another session speaks, whose events may have any names."""
        self._seen = Recent(EVENTS)

    def read(self, message: str) -> tuple[Event | AudioDelta | None, Acting]:
        """The event in ``message``, and who acts on it.

        ``None`` for one that was reported and dropped. Who reads `events` is told of
        all others, but for audio.
        """
        dropped: list[str] = []
        is_read = "events" in self._outbox.told
        try:
            event = parse(message, dropped, None if is_read else self._handlers)
        except BadEvent as error:
            self._outbox.report(str(error))
            return None, ()
        if dropped:
            # The type of one that nobody knows may be anything, and say anything.
            kind = event.type if event.type in KNOWN else "an unknown event"
            names = ", ".join(dict.fromkeys(dropped))
            self._outbox.report(f"{kind}: could not be understood: {names}")
        if event.event_id is not None and not self._seen.add(event.event_id):
            self._outbox.report("an event came twice")
            return None, ()
        if isinstance(event, AudioDelta):
            return event, ()
        if is_read:
            self._outbox.tell("events", ServerEvent(event))
        acting = self._handlers.get(event.type, ())
        if acting and event.is_nameless:
            self._outbox.report(f"{event.type}: it does not say what it is about")
            return event, ()
        return event, acting

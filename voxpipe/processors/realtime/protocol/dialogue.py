"""What comes from the service, read once: rubbish and repetitions go no further."""

from __future__ import annotations

from voxpipe.pipeline.runtime.recent import Recent
from voxpipe.processors.realtime.events import Event
from voxpipe.processors.realtime.events.parse import AudioDelta, BadEvent, parse

from .outbox import Outbox

EVENTS = 256  # ids remembered, to know an event that comes twice


class Reading:
    """Reads the messages of one session.

    Args:
        effects: told of everything unusable.
    """

    def __init__(self, effects: Outbox) -> None:
        self._effects = effects
        self._seen = Recent(EVENTS)

    def read(self, message: str) -> Event | AudioDelta | None:
        """The event in ``message``; ``None`` for one that was reported and dropped."""
        try:
            event = parse(message)
        except BadEvent as error:
            self._effects.report(str(error))
            return None
        if event.event_id is not None and not self._seen.add(event.event_id):
            self._effects.report("an event came twice")
            return None
        return event

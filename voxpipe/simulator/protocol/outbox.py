"""What the state machine wants done: events to send, wake-ups, and the end."""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count
from typing import Any

from voxpipe.simulator.errors import CloseFrame, Refusal

from .ids import Ids

Event = dict[str, Any]


class Outbox:
    """Server events in the order in which they go out.

    It holds what one step made, and is emptied before the next: the shells stop
    reading and stop the clock of the machine while it is full.

    Attributes:
        close_frame: the close frame that follows the last event, once there is one.
    """

    def __init__(self, ids: Ids) -> None:
        self._ids = ids
        self._events: list[Event] = []
        self.close_frame: CloseFrame | None = None

    def __len__(self) -> int:
        return len(self._events)

    def emit(self, type: str, /, **fields: Any) -> None:
        """Add an event; its ``event_id`` is made here."""
        if self.close_frame is None:
            self._events.append(
                {"type": type, "event_id": self._ids.new("event"), **fields}
            )

    def refuse(self, refusal: Refusal, event_id: str | None = None) -> None:
        """Add an ``error`` event; ``event_id`` is that of the client's event."""
        self.emit("error", error=refusal.body(event_id))

    def close(self, code: int, reason: str) -> None:
        """End the session after what has been added so far."""
        if self.close_frame is None:
            self.close_frame = CloseFrame(code, reason)

    def take(self) -> list[Event]:
        """All events added since the last time."""
        events, self._events = self._events, []
        return events


class Timers:
    """Things to do later, in order of time and then of asking."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Callable[[float], None]]] = []
        self._order = count()

    @property
    def next(self) -> float | None:
        """When something is due, on the clock of whoever gives ``now``."""
        return self._heap[0][0] if self._heap else None

    def at(self, due: float, act: Callable[[float], None]) -> None:
        """Call ``act(now)`` once ``now`` has reached ``due``."""
        heappush(self._heap, (due, next(self._order), act))

    def run(self, now: float) -> None:
        """Do what is due, not counting what becomes due by doing it."""
        due: list[Callable[[float], None]] = []
        while self._heap and self._heap[0][0] <= now:
            due.append(heappop(self._heap)[2])
        for act in due:
            act(now)

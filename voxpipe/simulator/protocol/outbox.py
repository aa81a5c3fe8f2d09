"""What the state machine wants done: events, wake-ups, work of others, and the end."""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count
from math import inf
from typing import Any, Generic, TypeVar

from voxpipe.simulator.errors import CloseFrame, Refusal

from .ids import Ids

Event = dict[str, Any]
T = TypeVar("T")


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
        self.add({"type": type, "event_id": self._ids.new("event"), **fields})

    def add(self, event: Event) -> None:
        """Add an event as it is, unless the session has ended."""
        if self.close_frame is None:
            self._events.append(event)

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
    def next(self) -> float:
        """When something is due, on the clock of whoever gives ``now``; or ``inf``."""
        return self._heap[0][0] if self._heap else inf

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


class Request(Generic[T]):
    """Something that a shell has done outside the session; `T` is what comes of it."""

    __slots__ = ()


class Requests:
    """What is asked of others, and what is done with what comes of it."""

    def __init__(self) -> None:
        self._new: list[Request[Any]] = []
        self._awaited: dict[Request[Any], Callable[[Any, float], None]] = {}

    def ask(self, request: Request[T], then: Callable[[T, float], None]) -> None:
        """Have it done; ``then(outcome, now)`` follows, unless it is withdrawn."""
        self._new.append(request)
        self._awaited[request] = then

    def withdraw(self, request: Request[Any]) -> None:
        """Nobody waits for it any more; harmless when it has been answered."""
        self._awaited.pop(request, None)

    def count(self, kind: type[Request[Any]]) -> int:
        """How many of this kind are not answered yet."""
        return sum(isinstance(each, kind) for each in self._awaited)

    def take(self) -> list[Request[Any]]:
        """All that were made since the last time, as far as somebody waits for them."""
        new, self._new = self._new, []
        return [each for each in new if each in self._awaited]

    def answer(self, request: Request[T], outcome: T, now: float) -> None:
        """Take what came of a request."""
        then = self._awaited.pop(request, None)
        if then is not None:
            then(outcome, now)

"""What every simulated session does with its client's frames, its events and its clock.

A shell drives it by these methods, whatever kind of session it is: it gives what the
client sent and what the time is, sends the events, and has done what is requested.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from math import inf
from random import Random
from typing import Any, ClassVar

from voxpipe.simulator.errors import (
    EXPIRED,
    CloseFrame,
    Refusal,
    invalid_type,
    invalid_value,
    missing,
)

from .ids import Ids
from .journal import Journal
from .json_types import is_object, not_json
from .outbox import Event, Outbox, Request, Requests, T, Timers
from .schema import Shape, nullable, text


class SansIOSession(ABC):
    """A session without the network: messages and time in, events out.

    Args:
        seed: makes ids reproducible.

    Attributes:
        journal: what it does, for people.
    """

    def __init__(self, seed: int | None = None) -> None:
        self.journal = Journal()
        self._ids = Ids(Random(seed))
        self._outbox = Outbox(self._ids)
        self._timers = Timers()
        self._requests = Requests()

    def receive(self, message: str | bytes, now: float) -> None:
        """Take a frame from the client: text, or the bytes of a binary frame."""
        if self._outbox.close_frame is None:
            self._take(message, now)

    @property
    def next_timer(self) -> float:
        """When `advance` has something to do; ``inf`` when never."""
        return inf if self._outbox.close_frame else self._timers.next

    def advance(self, now: float) -> None:
        """Do what has become due."""
        if self._outbox.close_frame is None:
            self._timers.run(now)

    @property
    def pending(self) -> int:
        """How many events wait to be taken."""
        return len(self._outbox)

    def outgoing(self) -> list[Event]:
        """The events to send, each as one text frame."""
        return self._outbox.take()

    @property
    def close_frame(self) -> CloseFrame | None:
        """The close frame to send after the last event, once the session is over."""
        return self._outbox.close_frame

    def requests(self) -> list[Request[Any]]:
        """What others have to do for it since the last time this was asked."""
        return self._requests.take()

    def answered(self, request: Request[T], outcome: T, now: float) -> None:
        """Take what came of a request."""
        self._requests.answer(request, outcome, now)

    @abstractmethod
    def _take(self, message: str | bytes, now: float) -> None:
        """Follow what the client has sent, while the session is not over."""


class Dialogue(SansIOSession):
    """A session of events, without what it is about.

    Args:
        now: the time on the clock that ``receive`` and ``advance`` will be given.
        seed: makes ids reproducible.
        lifetime: seconds after which the session is closed.
    """

    _shapes: ClassVar[Mapping[str, Shape]]  # of what a client may send, by its type
    _types: ClassVar[tuple[str, ...]]  # those that are told to who sends another

    def __init__(self, *, now: float, seed: int | None, lifetime: float) -> None:
        super().__init__(seed)
        self._follow: dict[str, Callable[[dict[str, Any], float], None]] = {}
        self._timers.at(now + lifetime, self._expire)

    def _take(self, message: str | bytes, now: float) -> None:
        event: dict[str, Any] = {}
        event_id: str | None = None
        try:
            event = _read(message)
            event_id = _EVENT_ID(event.get("event_id"), "event_id")
            self._dispatch(event, now)
        except Refusal as refusal:
            self._outbox.refuse(refusal, event_id)
            kind = event.get("type")
            known = type(kind) is str and kind in self._types
            self.journal.refused(str(kind) if known else "an event", refusal)

    def _dispatch(self, event: dict[str, Any], now: float) -> None:
        """Follow an event, or raise `Refusal`."""
        kind = event.get("type")
        if kind is None:
            raise missing("type")
        if type(kind) is not str:
            raise invalid_type("type", kind, "a string")
        shape = self._shapes.get(kind)
        if shape is None:
            raise invalid_value("type", kind, self._types)
        self._follow[kind](shape(event, ""), now)

    def _expire(self, _now: float) -> None:
        self._outbox.refuse(Refusal("session_expired", EXPIRED))
        self._outbox.close(1001, EXPIRED)


def _read(message: str | bytes) -> dict[str, Any]:
    """The event in a frame.

    Raises:
        Refusal: the frame is binary, not JSON, or no object.
    """
    if not isinstance(message, str):
        raise Refusal(
            "invalid_event",
            "Expected a text WebSocket message; binary frames are not supported.",
        )
    try:
        event: Any = _JSON.decode(message)
    except (ValueError, RecursionError):
        raise Refusal(
            "invalid_json",
            "Invalid event: failed to parse JSON value. Please check the value to "
            "ensure it is valid JSON. (Common errors include trailing commas, missing "
            "closing brackets, missing quotation marks, etc.)",
        ) from None
    if not is_object(event):
        raise Refusal("invalid_event", "Invalid event: expected a JSON object.")
    return event


_JSON = json.JSONDecoder(parse_constant=not_json)
_EVENT_ID = nullable(text(512))  # the client's own name for its event

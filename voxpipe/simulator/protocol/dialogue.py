"""What every simulated session does with its client's frames, its events and its clock.

A shell drives it by these methods, whatever kind of session it is (see
`voxpipe.simulator.service.sans_io_session.SansIOSession`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from random import Random
from typing import Any

from voxpipe.simulator.errors import EXPIRED, CloseFrame, Refusal

from .ids import Ids
from .incoming import event_id_of, read
from .outbox import Event, Outbox, Timers


class Dialogue(ABC):
    """One session, without what it is about.

    Args:
        now: the time on the clock that ``receive`` and ``advance`` will be given.
        seed: makes ids reproducible.
        lifetime: seconds after which the session is closed.
    """

    def __init__(self, *, now: float, seed: int | None, lifetime: float) -> None:
        self._ids = Ids(Random(seed))
        self._outbox = Outbox(self._ids)
        self._timers = Timers()
        self._timers.at(now + lifetime, self._expire)

    def receive(self, message: str | bytes, now: float) -> None:
        """Take a frame from the client: text, or the bytes of a binary frame."""
        if self._outbox.close_frame is not None:
            return
        event_id: str | None = None
        try:
            event = read(message)
            event_id = event_id_of(event)
            self._dispatch(event, now)
        except Refusal as refusal:
            self._outbox.refuse(refusal, event_id)

    @property
    def next_timer(self) -> float | None:
        """When `advance` has something to do; ``None`` when never."""
        return None if self._outbox.close_frame else self._timers.next

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

    @abstractmethod
    def _dispatch(self, event: dict[str, Any], now: float) -> None:
        """Follow an event, or raise `Refusal`."""

    def _expire(self, _now: float) -> None:
        self._outbox.refuse(Refusal("session_expired", EXPIRED))
        self._outbox.close(1001, EXPIRED)

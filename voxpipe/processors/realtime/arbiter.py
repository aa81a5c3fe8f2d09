"""The one owner of ``response.create``.

The service makes one default reply at a time and starts some by itself, when its turn
detection says so. Whoever asks in between is refused. So wishes wait here until the
floor is free: nobody speaks, no reply is being made, and none is expected.
"""

from __future__ import annotations

from collections import deque
from itertools import count
from typing import Any

from .replies import Reply

PATIENCE = 5.0  # seconds in which the service should answer a turn that it has closed
WISHES = 64  # waiting at once; more is a program that asks in a loop

_numbers = count(1)


class Arbiter:
    """Decides when a reply may be asked for.

    Attributes:
        active: the default reply that is being made.
        asked: the one that was asked for and is not yet taken up.
        speaking: the caller has the floor.
    """

    def __init__(self) -> None:
        self.active: Reply | None = None
        self.asked: Reply | None = None
        self.speaking = False
        self._expected_until = 0.0
        self._wishes: deque[Reply] = deque()

    def wish(self, reply: Reply) -> None:
        """Ask for a reply as soon as the floor is free."""
        reply.request_id = f"voxpipe_{next(_numbers)}"
        if len(self._wishes) >= WISHES:
            reply.turn.cut()
            reply.settle("rejected", f"{WISHES} wishes are waiting already")
            return
        self._wishes.append(reply)

    def expect(self, now: float) -> None:
        """The service will begin a reply by itself."""
        self._expected_until = now + PATIENCE

    def is_expecting(self, now: float) -> bool:
        """Whether it still has time to begin one."""
        return now < self._expected_until

    def next(self, now: float) -> dict[str, Any] | None:
        """The ``response.create`` to send now, if there is one to send."""
        if self.active or self.asked or self.speaking or self.is_expecting(now):
            return None
        while self._wishes:
            reply = self._wishes.popleft()
            if reply.turn.is_cut:
                reply.settle("cancelled", "interrupted before it was asked for")
                continue
            self.asked = reply
            options = dict(reply.request or {})
            metadata = {**options.get("metadata", {}), "voxpipe": reply.request_id}
            return {
                "type": "response.create",
                "event_id": reply.request_id,
                "response": {**options, "metadata": metadata},
            }
        return None

    def begun(self, request_id: str | None) -> Reply:
        """The service has begun a reply: the one asked for, or one of its own."""
        self._expected_until = 0.0
        if self.asked is not None and request_id == self.asked.request_id:
            reply, self.asked = self.asked, None
        else:
            reply = Reply()
        self.active = reply
        return reply

    def refused(self, event_id: str | None, *, busy: bool, now: float) -> Reply | None:
        """An order was refused: the reply it was for, unless it will be retried."""
        reply = self.asked
        if reply is None or event_id != reply.request_id:
            return None
        self.asked = None
        if busy:  # the service began one of its own at the same moment
            self._wishes.appendleft(reply)
            if self.active is None:
                self.expect(now)
            return None
        return reply

    def ended(self, reply: Reply) -> None:
        """A reply has been made."""
        if self.active is reply:
            self.active = None

    def supersede(self) -> None:
        """The caller speaks: wishes that only continue the last reply lapse."""
        for reply in tuple(self._wishes):
            if reply.follow_up:
                self._wishes.remove(reply)
                reply.turn.cut()
                reply.settle("superseded", "the caller spoke first")

    @property
    def has_wishes(self) -> bool:
        """Somebody waits for the floor."""
        return bool(self._wishes)

    @property
    def is_idle(self) -> bool:
        """Nothing is being made, asked for, or wished."""
        return not (self.active or self.asked or self._wishes or self.speaking)

    def give_up(self, reason: str) -> None:
        """The session has ended: every open wish gets its outcome."""
        for reply in (self.active, self.asked, *self._wishes):
            if reply is not None:
                reply.settle("failed", reason)
        self._wishes.clear()

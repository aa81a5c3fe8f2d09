"""The one owner of ``response.create``.

The service makes one default reply at a time, and begins some by itself when its turn
detection says so; whoever asks in between is refused. So wishes wait here until the
floor is free: nobody speaks, no reply is being made, and none is expected. Replies out
of band need no floor.

A *follow-up* wish (go on with the results; answer the caller's turn) lapses when the
caller speaks, for the reply to what they say will use all that is known by then. Until
such a reply has begun it is only parked: a noise that was taken for speech, or a reply
that the service does not begin, must not swallow the answer.
"""

from __future__ import annotations

from collections import deque
from itertools import count
from typing import Any
from uuid import uuid4

from .outbox import ClientEvent
from .response import Response

REPLY_TIMEOUT = 5.0  # seconds for the service to answer a turn that it has closed
TAKE_UP_TIMEOUT = 10.0  # seconds to take up what it was asked for, or to end it
MAX_WISHES = 64  # waiting at once; more is a program that asks in a loop

TAG = "voxpipe"  # the key of our name for a reply in its metadata


class Arbiter:
    """Decides when a reply may be asked for.

    Attributes:
        active: the default reply that is being made.
        asked: the one that was asked for and is not yet taken up.
        asked_until: when that has taken too long.
        speaking: the caller has the floor.
    """

    def __init__(self) -> None:
        self.active: Response | None = None
        self.asked: Response | None = None
        self.speaking = False
        self.asked_until = 0.0
        self._ending_until: float | None = None  # for an active reply that was cut
        self._expected_until: float | None = None
        self._wishes: deque[Response] = deque()
        self._parked: Response | None = None
        self._asides: dict[str, Response] = {}  # asked for, not yet taken up
        self._over = ""  # why nothing can be asked for any more
        # Other clients may speak on the same session: names are ours alone.
        self._prefix = f"{TAG}_{uuid4().hex[:8]}_"
        self._numbers = count(1)

    # --- wishes

    def wish(self, reply: Response) -> ClientEvent | None:
        """Ask for a reply as soon as the floor is free.

        Returns:
            What to send now, for a reply that needs no floor.
        """
        reply.request_id = f"{self._prefix}{next(self._numbers)}"
        if self._over:
            reply.drop("failed", self._over)
        elif len(self._wishes) + len(self._asides) >= MAX_WISHES:
            reply.drop("rejected", f"{MAX_WISHES} replies are asked for already")
        elif reply.is_aside:
            self._asides[reply.request_id] = reply
            return _create(reply)
        elif reply.follow_up and self.speaking:
            self._park(reply)
        else:
            self._wishes.append(reply)
        return None

    def next(self, now: float) -> ClientEvent | None:
        """The ``response.create`` to send now, if there is one to send."""
        if self._expected_until is not None and now >= self._expected_until:
            self._expected_until = None
            self._restore()  # it does not come
        self._stop_waiting_for_the_end(now)
        if not self.is_free:
            return None
        while self._wishes:
            reply = self._wishes.popleft()
            if reply.turn.is_cut:
                reply.drop("cancelled", "cut before it was asked for")
                continue
            self.asked = reply
            self.asked_until = now + TAKE_UP_TIMEOUT
            return _create(reply)
        return None

    def give_up_asked(self, reason: str) -> None:
        """The service has neither taken up nor refused in time what was asked for."""
        reply, self.asked = self.asked, None
        if reply is not None:
            reply.drop("failed", reason)

    @property
    def due(self) -> float | None:
        """When there is something to ask for, or to give up, though nothing happens."""
        if self.asked is not None:
            return self.asked_until
        if self._wishes or self._parked:
            return self._ending_until if self.active else self._expected_until
        return None

    # --- who has the floor

    def expect(self, now: float) -> None:
        """The service will begin a reply by itself."""
        self._expected_until = now + REPLY_TIMEOUT

    @property
    def is_expecting(self) -> bool:
        """Whether it still has time to begin one."""
        return self._expected_until is not None

    @property
    def is_replying(self) -> bool:
        """A reply is being made, or asked for."""
        return self.active is not None or self.asked is not None

    @property
    def is_free(self) -> bool:
        """Nobody has the floor: no reply is being made or to be, no caller speaks."""
        return not (self.active or self.asked or self.speaking or self.is_expecting)

    def caller_starts(self) -> None:
        """The caller speaks: wishes that only go on from before lapse."""
        self.speaking = True
        for reply in tuple(self._wishes):
            if reply.follow_up:
                self._wishes.remove(reply)
                self._park(reply)

    def caller_stops(self) -> None:
        """The caller has said what they had to say."""
        self.speaking = False

    def caller_said_nothing(self) -> None:
        """It was no speech, and nobody will answer it."""
        self.speaking = False
        self._restore()

    def withdraw(self) -> None:
        """Drop every wish that is not yet asked for."""
        for reply in (*self._wishes, *self._take_parked()):
            reply.drop("cancelled", "interrupted before it was asked for")
        self._wishes.clear()

    # --- what the service does with them

    def take(self, request_id: object) -> Response | None:
        """What was asked for under this name, now that the service has taken it up."""
        if not isinstance(request_id, str):
            return None
        if self.asked is not None and request_id == self.asked.request_id:
            reply, self.asked = self.asked, None
            return reply
        return self._asides.pop(request_id, None)

    def gave_up(self, request_id: object) -> bool:
        """Whether this is the name of a wish of ours that nobody waits for any more."""
        return isinstance(request_id, str) and request_id.startswith(self._prefix)

    def begun(self, reply: Response) -> None:
        """The service has begun a reply in the conversation."""
        self._expected_until = None
        self.active = reply
        if reply.answers:
            for parked in self._take_parked():
                parked.drop("superseded", "another reply answers the caller")

    def refused(
        self, event_id: str | None, *, busy: bool, now: float
    ) -> Response | None:
        """An order was refused: the reply it was for, unless it will be retried."""
        if event_id is not None and event_id in self._asides:
            return self._asides.pop(event_id)
        reply = self.asked
        if reply is None or (event_id or reply.request_id) != reply.request_id:
            return None
        if event_id is None and not busy:
            return None  # some other order, of which nobody says which
        self.asked = None
        if busy:  # the service began one of its own at the same moment
            reply.wait_again()
            self._wishes.appendleft(reply)
            if self.active is None:
                self.expect(now)
            return None
        return reply

    def ended(self, reply: Response) -> None:
        """A reply has been made."""
        if self.active is reply:
            self.active = None

    # --- the end

    @property
    def is_idle(self) -> bool:
        """Nothing is being made, asked for, wished or expected."""
        return not (
            self.active
            or self.asked
            or self._wishes
            or self._parked
            or self._asides
            or self.speaking
            or self.is_expecting
        )

    def give_up(self, reason: str) -> None:
        """The session has ended: every open wish gets its outcome, later ones too."""
        self._over = self._over or reason
        asked = (self.asked,) if self.asked else ()
        waiting = (*asked, *self._asides.values(), *self._wishes, *self._take_parked())
        for reply in waiting:
            reply.drop("failed", reason)
        self._wishes.clear()
        self._asides.clear()
        self.asked = None

    # --- inner workings

    def _stop_waiting_for_the_end(self, now: float) -> None:
        """A reply that was cut, and cancelled, should be over soon."""
        if self.active is None or not self.active.turn.is_cut:
            self._ending_until = None
        elif self._ending_until is None:
            self._ending_until = now + TAKE_UP_TIMEOUT
        elif now >= self._ending_until:
            self.active = self._ending_until = None

    def _park(self, reply: Response) -> None:
        for parked in self._take_parked():
            parked.drop("superseded", "another reply answers the caller")
        self._parked = reply

    def _restore(self) -> None:
        self._wishes.extend(self._take_parked())

    def _take_parked(self) -> tuple[Response, ...]:
        reply, self._parked = self._parked, None
        return () if reply is None else (reply,)


def _create(reply: Response) -> ClientEvent:
    reply.ask()
    options = dict(reply.options or {})
    metadata: dict[str, Any] = {
        **(options.get("metadata") or {}),
        TAG: reply.request_id,
    }
    return {
        "type": "response.create",
        "event_id": reply.request_id,
        "response": {**options, "metadata": metadata},
    }

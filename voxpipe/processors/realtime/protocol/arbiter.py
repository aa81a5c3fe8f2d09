"""The one owner of ``response.create``.

The service makes one default reply at a time, and begins some by itself when its turn
detection says so; whoever asks in between is refused. So wishes wait here until the
floor is free: nobody speaks, no reply is being made, and none is expected. Replies out
of band need no floor.

A *follow-up* wish (go on with the results; answer the caller's turn) lapses when the
caller speaks, for the reply to what they say will use all that is known by then. Until
such a reply has begun it is only parked: a noise that was taken for speech, or a reply
that the service does not begin, must not swallow the answer.

Nothing holds the floor for ever: whatever the service should do next has its time, and
`Arbiter.expire` gives it up after that. (For a reply that is being made it is
``deadlines.py`` that does.)
"""

from __future__ import annotations

from itertools import count
from math import inf
from typing import Any
from uuid import uuid4

from .outbox import ClientEvent
from .response import Response

REPLY_TIMEOUT = 5.0  # seconds for the service to answer a turn that it has closed
TAKE_UP_TIMEOUT = 10.0  # seconds to take up what it was asked for
# seconds; few speak for longer without a pause that ends a turn, and for who does a
# reply that waits is asked for too early
SPEECH_TIMEOUT = 120.0
MAX_REFUSALS = 12  # because of a reply that nobody knows of; at one in 5 s a minute
MAX_WISHES = 64  # waiting at once; more is a program that asks in a loop

TAG = "voxpipe"  # the key of our name for a reply in its metadata


class Arbiter:
    """Decides when a reply may be asked for.

    Attributes:
        active: the default reply that is being made.
        asked: the one that was asked for and is not yet taken up.
        speaking: the caller has the floor.
    """

    def __init__(self) -> None:
        self.active: Response | None = None
        self.asked: Response | None = None
        self.speaking = False
        self._speaking_until = inf
        self._expected_until: float | None = None
        self._wishes: list[Response] = []
        self._parked: Response | None = None
        self._asides: dict[str, Response] = {}  # asked for, not yet taken up
        self._is_lost = False  # the session: nothing can be asked for until another
        self._over = ""  # why nothing can be asked for any more
        # Other clients may speak on the same session: names are ours alone.
        self._prefix = f"{TAG}_{uuid4().hex[:8]}_"
        self._numbers = count(1)

    # --- wishes

    def wish(self, reply: Response, now: float) -> ClientEvent | None:
        """Ask for a reply as soon as the floor is free.

        Args:
            reply: to be asked for.
            now: the time.

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
            return None if self._is_lost else _create(reply, now)
        elif reply.follow_up and self.speaking:
            self._park(reply)
        else:
            self._wishes.append(reply)
        return None

    def wish_first(self, reply: Response) -> None:
        """Ask for a reply that another session was making, before all others."""
        reply.request_id = reply.request_id or f"{self._prefix}{next(self._numbers)}"
        if reply.is_aside:
            self._asides[reply.request_id] = reply
        else:
            self._wishes.insert(0, reply)

    def next(self, now: float) -> ClientEvent | None:
        """The ``response.create`` to send now, if there is one to send."""
        if not self.is_free:
            return None
        while self._wishes:
            reply = self._wishes.pop(0)
            if reply.turn.is_cut:
                reply.drop("cancelled", "cut before it was asked for")
                continue
            self.asked = reply
            return _create(reply, now)
        return None

    def expire(self, now: float) -> list[str]:
        """Wait no longer for what should have come by now; what is to be reported."""
        late: list[str] = []
        if self._expected_until is not None and now >= self._expected_until:
            self._expected_until = None
            self._restore()  # it does not come
        if self.speaking and now >= self._speaking_until:
            self.caller_said_nothing()
            late.append(
                f"the caller is said to speak for {SPEECH_TIMEOUT:.0f} s: the floor "
                "counts as free"
            )
        asked = (self.asked,) if self.asked is not None else ()
        for reply in (*asked, *self._asides.values()):
            if now >= reply.due:
                why = "the service did not take it up"
                late.append(f"a reply was asked for, and {why}")
                self.take(reply.request_id)
                reply.drop("failed", why)
        return late

    @property
    def due(self) -> float | None:
        """When there is something to ask for, or to give up, though nothing happens."""
        due = self._speaking_until if self.speaking else inf
        if self._expected_until is not None:
            due = min(due, self._expected_until)
        if self.asked is not None:
            due = min(due, self.asked.due)
        if self._asides:  # the first was asked for first
            due = min(due, next(iter(self._asides.values())).due)
        return None if due == inf else due

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
        if self._is_lost:
            return False
        return not (self.active or self.asked or self.speaking or self.is_expecting)

    @property
    def holds_back(self) -> bool:
        """A wish waits for whatever answers the caller, or for nothing to do so."""
        return self._parked is not None

    def caller_starts(self, until: float = inf) -> None:
        """The caller speaks: wishes that only go on from before lapse.

        Args:
            until: when whoever says so should have told that they have stopped.
        """
        self.speaking = True
        self._speaking_until = until
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

    def take_aside(self) -> Response | None:
        """The first out of band that was asked for: one that has lost its name."""
        return self.take(next(iter(self._asides), None))

    @property
    def awaited(self) -> list[str]:
        """What the service may begin next: our names, "" for one of its own."""
        own = [""] if self.is_expecting else []
        asked = [self.asked.request_id] if self.asked is not None else []
        return [*own, *asked, *self._asides]

    # --- another session

    def lose(self, *, is_ours: bool) -> None:
        """The session is lost: what it was asked for is to be asked for again.

        Args:
            is_ours: turns are made here, so that the caller may go on speaking.
        """
        self._is_lost = True
        self.active = self._expected_until = None
        self.speaking = self.speaking and is_ours
        asked, self.asked = self.asked, None
        if asked is not None:
            self._wishes.insert(0, asked)
        for reply in (*filter(None, [asked]), *self._asides.values()):
            reply.due = inf
            if reply.phase == "asked":
                reply.wait_again()
        if not self.speaking:
            self._restore()

    def resume(self, now: float) -> list[ClientEvent]:
        """There is another session: gives what to send for replies without a floor."""
        self._is_lost = False
        return [_create(reply, now) for reply in self._asides.values()]

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
        if busy and self.active is None:
            reply.refusals += 1
        if busy and reply.refusals < MAX_REFUSALS:
            # The service began one of its own at the same moment.
            reply.wait_again()
            self._wishes.insert(0, reply)
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

    def _park(self, reply: Response) -> None:
        for parked in self._take_parked():
            parked.drop("superseded", "another reply answers the caller")
        self._parked = reply

    def _restore(self) -> None:
        self._wishes.extend(self._take_parked())

    def _take_parked(self) -> tuple[Response, ...]:
        reply, self._parked = self._parked, None
        return () if reply is None else (reply,)


def _create(reply: Response, now: float) -> ClientEvent:
    reply.ask()
    reply.due = now + TAKE_UP_TIMEOUT
    options = dict(reply.options or {})
    if reply.rest:
        options["instructions"] = reply.rest
    metadata: dict[str, Any] = {
        **(options.get("metadata") or {}),
        TAG: reply.request_id,
    }
    return {
        "type": "response.create",
        "event_id": reply.request_id,
        "response": {**options, "metadata": metadata},
    }

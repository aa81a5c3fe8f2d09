"""The settings that are in force, and the changes that are on their way.

The service answers each update in order: ``session.updated``, or an error that names
the update. Until then the old settings hold, and after a refusal they stay. An answer
can be lost: the next one shows whether what was asked before it is in force, too.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count
from typing import Any, cast
from uuid import uuid4

from anyio import Event

from voxpipe.pipeline import SessionLost, TransportError, VoxpipeError
from voxpipe.pipeline.runtime.start import Start
from voxpipe.processors.realtime import events as ev
from voxpipe.processors.realtime.config.changes import Changes, Moment, changed, wire_of
from voxpipe.processors.realtime.config.effective import effective
from voxpipe.processors.realtime.config.expressible import check_expressible
from voxpipe.processors.realtime.config.models import warn_of_end, warn_of_prompt
from voxpipe.processors.realtime.config.settings import Settings
from voxpipe.processors.realtime.config.turn_detection import TurnDetection
from voxpipe.processors.realtime.errors import UpdateRefused

from .outbox import Outbox

ANSWER_TIMEOUT = 10.0  # seconds for the service's word; it takes a round trip
MAX_UPDATES = 64  # that wait for an answer; more is a program that updates in a loop


class Update:
    """A change of settings that is on its way."""

    __slots__ = ("_answered", "_error", "_start", "changes", "due", "id", "session")

    def __init__(
        self,
        id: str,
        changes: Changes,
        session: Mapping[str, Any],
        due: float,
        start: Start | None,
    ) -> None:
        self._start = start
        self.id = id
        self.changes = changes
        self.session = session  # as it was sent
        self.due = due  # when it should have been answered
        self._answered = Event()
        self._error: VoxpipeError | None = None

    def __repr__(self) -> str:
        return f"<Update {', '.join(self.changes)}>"

    @property
    def is_answered(self) -> bool:
        """The service has said yes or no, or never will."""
        return self._answered.is_set()

    async def accepted(self) -> None:
        """Wait until the change is in force.

        Raises:
            UpdateRefused: the service would not have it; all is as it was.
            SessionLost: the session has ended before it answered.
            TransportError: there was no answer within 10 s.
            VoxpipeError: the pipeline was not started within 10 s.
        """
        if self._start is not None and not self.is_answered:
            await self._start.awaited("the service's word on an update")
        await self._answered.wait()
        if self._error is not None:
            raise self._error

    def settle(self, error: VoxpipeError | None = None) -> None:
        """Tell whoever waits; the first answer counts."""
        if not self._answered.is_set():
            self._error = error
            self._answered.set()


class SessionSettings:
    """What the session is held to: one object, which all others read in place.

    Args:
        settings: what it was opened with.
        outbox: where updates go.
        start: of the run before which nothing is answered, if there is to be one.

    Attributes:
        settings: those in force; nobody else changes them.
        start: likewise.
        asked: updates without an answer, in order.
    """

    def __init__(
        self, settings: Settings, outbox: Outbox, start: Start | None = None
    ) -> None:
        self.settings = settings
        self.start = start
        # Or it could not have been drawn.
        self._marked = settings.turn_detection == "local"
        self._outbox = outbox
        self.asked: list[Update] = []
        self._is_lost = False  # the session: none of them can be answered
        self._over = ""
        self._names = (f"update_{uuid4().hex[:8]}_{n}" for n in count(1))

    @property
    def due(self) -> float | None:
        """When the first answer should have come."""
        return self.asked[0].due if self.asked and not self._is_lost else None

    def update(
        self, changes: Changes, now: float, *, spoken: bool, replying: bool
    ) -> Update:
        """Ask the service for ``changes``.

        Args:
            changes: what is to be other than it is.
            now: the time.
            spoken: the model's voice was heard in this session.
            replying: a reply is being made, or asked for.

        Raises:
            ConfigurationError: that cannot be changed, or not now, or not so, or it
                is something that JSON cannot express.
            TypeError: no such field.
            VoxpipeError: too many updates wait for an answer.
        """
        expected = self.settings
        for asked in self.asked:
            expected = changed(expected, asked.changes)
        moment = Moment(spoken=spoken, replying=replying, marked=self._marked)
        session = wire_of(expected, changes, moment)
        check_expressible(session)
        if len(self.asked) >= MAX_UPDATES:
            raise VoxpipeError(f"{MAX_UPDATES} updates wait for the service's answer")
        due = now + ANSWER_TIMEOUT
        update = Update(next(self._names), changes, session, due, self.start)
        if self._over:
            update.settle(SessionLost(self._over))
            return update
        if changes.get("prompt") is not None:
            warn_of_prompt()
        transcriber = changed(expected, changes).transcriber
        if transcriber is not None and "transcription" in changes:
            warn_of_end(transcriber.model)
        self._send(update)
        self.asked.append(update)
        return update

    def _send(self, update: Update) -> None:
        self._outbox.send("session.update", event_id=update.id, session=update.session)

    def updated(self, event: ev.SessionEvent, now: float) -> None:
        """The service tells what is in force."""
        settings = self.settings
        answered = [self.asked.pop(0) for _ in range(self._answered(event.session))]
        for update in answered:
            settings = changed(settings, update.changes)
        self.settings = effective(settings, event.session)
        for update in answered:
            update.settle()

    def _answered(self, told: Mapping[str, Any]) -> int:
        """How many updates a session that is told answers: one, and all before it."""
        for number in range(len(self.asked), 1, -1):
            if _shows(told, self.asked[number - 1].session):
                return number
        return min(1, len(self.asked))

    def refused(self, error: ev.ErrorDetail) -> None:
        """An order was refused: if it was an update, all is as it was."""
        for update in self.asked:
            if update.id == error.event_id:
                self.asked.remove(update)
                code = error.name
                update.settle(UpdateRefused(code, error.field))
                return

    def lose(self) -> None:
        """The session is lost: no answer is late."""
        self._is_lost = True

    def resume(self, now: float, detection: TurnDetection | None = None) -> None:
        """Another session has the settings in force: ask it for the changes.

        Args:
            now: the time.
            detection: it has all but this, which comes before the changes.
        """
        self._is_lost = False
        if detection is not None:
            changes: Changes = {"turn_detection": detection}
            session = self.settings.to_wire_of(changes)
            update = Update(next(self._names), changes, session, now, self.start)
            self.asked.insert(0, update)
        for update in self.asked:
            update.due = now + ANSWER_TIMEOUT
            self._send(update)

    def advance(self, now: float) -> None:
        """Wait no longer for answers that should have come by now."""
        while self.asked and not self._is_lost and now >= self.asked[0].due:
            what = (
                "expected the service's word on an update, got none within "
                f"{ANSWER_TIMEOUT:.0f} s"
            )
            self._outbox.report(what)
            self.asked.pop(0).settle(TransportError(what))

    def end(self, reason: str) -> None:
        """The session is over: whoever waits for an answer is told."""
        self._over = self._over or reason
        if self.start is not None:
            self.start.set()
        while self.asked:
            self.asked.pop(0).settle(SessionLost(reason))


def _shows(told: Mapping[str, Any], asked: Mapping[str, Any]) -> bool:
    """All that was asked for is in what is told."""
    for name, value in asked.items():
        found = told.get(name)
        if isinstance(value, Mapping) and isinstance(found, Mapping):
            inner = cast("Mapping[str, Any]", found), cast("Mapping[str, Any]", value)
            if not _shows(*inner):
                return False
        elif found != value:
            return False
    return True

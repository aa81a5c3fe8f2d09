"""The sessions of a conversation, one after the other, and what is read from each.

A session that is lost is followed by another as soon as there can be one. One that
will end at its hour, or that is to be changed, is replaced before: another is opened
beside it, and takes over when nobody speaks (``rolling_over.py``).
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Protocol

from anyio import CancelScope, Event
from anyio.abc import TaskGroup

from voxpipe.pipeline import SessionLost, VoxpipeError
from voxpipe.pipeline.runtime import call_record
from voxpipe.pipeline.runtime.wakeup import Wakeup
from voxpipe.processors.realtime.connect.connection import Connection
from voxpipe.processors.realtime.connect.handshake import OpenedSession
from voxpipe.processors.realtime.protocol.reconnected import Reconnected

from .receiver import Receiver, Step
from .reopening import Reopening
from .sender import Sender
from .steps import Recovery, SansIOProtocol

LAST_EVENTS = 1.0  # seconds to read what came before a connection failed

logger = logging.getLogger(__name__)


class Driver(Step, Protocol):
    """Who drives the protocol; a `Link`."""

    ending: bool
    closing: bool

    def moves(self) -> AbstractContextManager[Wakeup]:
        """Set whenever the protocol moves."""
        ...


class Sessions:
    """Reads from the session that there is.

    Args:
        first: lent to the box.
        protocol: whose steps are taken.
        recovery: of the protocol, if it can go on in another session.
        driver: takes out what steps leave.

    Attributes:
        sender: sends to the session that there is.
        reopening: opens the sessions that follow; ``None`` if none is to.
        recovery: as above.
        driver: as above.
        over: set when the session that there is has been lost or replaced.
        opened: called with each session when the conversation is in it.
        tasks: of the run.
    """

    def __init__(
        self,
        first: OpenedSession[Any],
        protocol: SansIOProtocol,
        recovery: Recovery | None,
        driver: Driver,
    ) -> None:
        self._first = first
        self._loan = first.loan
        self._protocol = protocol
        self.recovery = recovery
        self.driver = driver
        self.reopening: Reopening | None = None
        if recovery is not None and first.reconnect is not None:
            self.reopening = Reopening(first, first.reconnect)
        self.sender = Sender(
            first.connection,
            protocol.outbox,
            on_lost=self._note_lost if self.reopening is not None else None,
        )
        self.over = Event()
        self.opened: Callable[[OpenedSession[Any]], object] = lambda _: None
        self.tasks: TaskGroup | None = None
        self._receiver: Receiver | None = None  # of the connection that there is
        self._receiving: CancelScope | None = None
        self._lost: SessionLost | None = None  # as who sends was told
        self._next: OpenedSession[Any] | None = None  # has taken over, is not read yet
        self._is_loan_minded = False

    async def run(self, tasks: TaskGroup) -> None:
        """Act on what they say until the last one is over.

        Raises:
            SessionLost: it was lost, and there is no other.
            VoxpipeError: likewise, and there never will be.
        """
        self.tasks = tasks
        self.opened(self._first)
        lost = await self._received(self._first.connection)
        while True:
            if (session := self._next) is not None:
                self._next = None
                lost = await self._received(session.connection)
            elif lost is not None:
                lost = await self._reopened(lost)
            else:
                return

    async def _reopened(self, lost: SessionLost) -> SessionLost | None:
        assert self.reopening is not None
        assert self.recovery is not None
        self._mind_the_loan()
        try:
            async with self.reopening.session(self.recovery.opening, lost) as session:
                self._resume(session, str(lost))
                return await self._received(session.connection)
        except VoxpipeError as error:
            self._protocol.end(str(error))
            raise

    async def _received(self, connection: Connection) -> SessionLost | None:
        """Act on what comes; how the session was lost, if another is to follow."""
        self._receiver = Receiver(connection, self._protocol, self.driver)
        try:
            with CancelScope() as self._receiving:
                if self._lost is not None:  # before anything was read
                    self._receiving.deadline = self.driver.now() + LAST_EVENTS
                await self._receiver.run()
            if self._receiving.cancelled_caught and self._next is None:
                assert self._lost is not None
                raise self._lost
        except SessionLost as lost:
            if self.driver.ending or self._next is not None:
                return None
            early = self._loan.closed_early
            if self.reopening is not None and not early:
                self._lose()
                return lost
            self._protocol.end(early or str(lost))
            if early:
                raise SessionLost(early) from lost
            raise
        if not self.driver.closing and self._next is None:
            raise SessionLost("the service has closed the session")
        return None

    def _note_lost(self, lost: SessionLost) -> None:
        """Nothing can be sent any more; what has come is still to be read."""
        self._lost = lost
        if self._receiving is not None:
            self._receiving.deadline = self.driver.now() + LAST_EVENTS

    def _mind_the_loan(self) -> None:
        """That the first session is closed here does not end those that follow it."""
        assert self.tasks is not None
        if not self._is_loan_minded:
            self._is_loan_minded = True
            self.tasks.start_soon(self._end_with_the_loan)

    async def _end_with_the_loan(self) -> None:
        self._loan.use_up()
        closed = Wakeup()
        self._loan.at_close(lambda _: closed.set())
        await closed.wait()
        raise SessionLost(self._loan.closed_early)

    def _lose(self) -> None:
        assert self.recovery is not None
        self.over.set()
        self.sender.disconnect()
        self.recovery.lose(self.driver.now())
        self.driver.flush()

    def _resume(self, session: OpenedSession[Any], why: str) -> None:
        assert self.recovery is not None
        assert self.reopening is not None
        self._lost = None
        self.sender.connect(session.connection)
        attempts = self.reopening.attempts
        told = self.recovery.resume(self.driver.now(), why=why, attempts=attempts)
        logger.warning("%s%s", call_record.label(), told)
        self._begin(session)

    def take_over(
        self, session: OpenedSession[Any], settings: Any, why: str
    ) -> Reconnected:
        """Go on in ``session`` from here: no event of the one before is heeded.

        Args:
            session: another one, which is to be open until `over` is set again.
            settings: those that the conversation is to have in it.
            why: as `Reconnected` tells it.
        """
        assert self.recovery is not None
        assert self.reopening is not None
        assert self._receiver is not None
        assert self._receiving is not None
        self._mind_the_loan()
        self._receiver.stop()
        self.over.set()
        self._next, self._lost = session, None
        self._receiving.cancel()
        self.sender.disconnect()
        now = self.driver.now()
        self.recovery.lose(now)
        self.sender.connect(session.connection)
        told = self.recovery.roll_over(now, settings, why=why)
        self.reopening.follow(session)
        logger.info("%s%s", call_record.label(), told)
        self._begin(session)
        return told

    def _begin(self, session: OpenedSession[Any]) -> None:
        self.over = Event()
        self.opened(session)
        self.driver.flush()

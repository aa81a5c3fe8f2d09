"""Another session prepared beside the one that there is, to take over in a pause.

It is opened before it is needed, so that the caller waits for nothing. It begins when
nobody speaks and no tool runs; where that does not happen in time, at the last moment
all the same, as after a loss.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import inf
from typing import Any, TypedDict

from anyio import (
    CancelScope,
    Event,
    current_time,
    move_on_after,
    sleep,
    sleep_until,
)

from voxpipe.pipeline import SessionLost, VoxpipeError
from voxpipe.pipeline.runtime import call_record
from voxpipe.processors.realtime.config.changes import SessionOptions, changed
from voxpipe.processors.realtime.connect.handshake import OpenedSession
from voxpipe.processors.realtime.connect.reconnect import is_fatal, limiter, waits
from voxpipe.processors.realtime.connect.service import Service
from voxpipe.processors.realtime.protocol.reconnected import Reconnected

from .sessions import Sessions

LAST_MOMENT = 10.0  # seconds before the end of a session: then it is not waited longer
LOOK_INTERVAL = 0.1  # seconds between two looks for a pause while nothing moves
ITS_END = "its time is nearly over"
ASKED_FOR = "the program has asked for it"

logger = logging.getLogger(__name__)


def unix_time() -> float:
    """The time as a service tells when it ends a session."""
    return datetime.now(UTC).timestamp()


class Successor(TypedDict, total=False):
    """What another session has in place of what this one has.

    Attributes:
        service: where it is, and as whom it is opened, such as another region.
        model: which one.
        voice: another one, which no update can give a model that has spoken.
    """

    service: Service
    model: str
    voice: str


@dataclass(slots=True)
class _Order:
    """One session in place of another.

    Attributes:
        why: as `Reconnected` tells it.
        settings: those that are wanted, looked at again before it takes over.
        latest: when it takes over, pause or not.
        where: the service, if it is to be another one.
    """

    why: str
    settings: Callable[[], Any]
    latest: float = inf
    where: Mapping[str, Any] = field(default_factory=dict[str, Any], repr=False)
    told: Reconnected | None = None
    error: VoxpipeError | None = None
    done: Event = field(default_factory=Event)


class RollingOver:
    """Replaces sessions before they end.

    Args:
        sessions: of the conversation, which can go on in another one.
        ahead: seconds before its end at which a session's successor is opened.
    """

    def __init__(self, sessions: Sessions, ahead: float) -> None:
        self._sessions = sessions
        self._ahead = ahead
        sessions.opened = self._plan

    async def ask(self, other: Successor) -> Reconnected:
        """Go on in another session as soon as there is one and nobody speaks.

        Args:
            other: what it has in place of what this one has.

        Raises:
            ConfigurationError: a value that cannot be.
            SessionLost: the session was lost before, or the conversation is over.
            VoxpipeError: there is no other; the conversation goes on in this one.
        """
        sessions = self._sessions
        if sessions.tasks is None or sessions.over.is_set():
            raise SessionLost("there is no session now that another could take over")
        fixed: SessionOptions = {}
        if "model" in other:
            fixed["model"] = other["model"]
        if "voice" in other:
            fixed["voice"] = other["voice"]
        where = {"service": other["service"]} if "service" in other else {}
        recovery = sessions.recovery
        assert recovery is not None
        order = _Order(
            ASKED_FOR, lambda: changed(recovery.settings, fixed), where=where
        )
        sessions.tasks.start_soon(self._follow, order)
        await order.done.wait()
        if order.error is not None:
            raise order.error
        if order.told is None:
            raise SessionLost("the session was lost before another took over")
        return order.told

    # --- before its hour

    def _plan(self, session: OpenedSession[Any]) -> None:
        tasks = self._sessions.tasks
        left = (session.expires_at or inf) - unix_time()
        # One that ends sooner than that cannot be replaced in time; it will be lost.
        if tasks is not None and self._ahead < left < inf:
            tasks.start_soon(self._replace, current_time() + left, self._sessions.over)

    async def _replace(self, end: float, over: Event) -> None:
        with CancelScope(deadline=end - self._ahead):
            await over.wait()
            return
        recovery = self._sessions.recovery
        assert recovery is not None
        last = max(end - LAST_MOMENT, current_time())
        for wait in waits():
            order = _Order(ITS_END, lambda: recovery.settings, last)
            await self._follow(order)
            error = order.error
            if error is None or over.is_set():
                return
            logger.warning(
                "%sno session could be opened ahead: %s", call_record.label(), error
            )
            if is_fatal(error):
                return  # whoever loses this session is told the same
            await sleep(wait)

    # --- one in place of another

    async def _follow(self, order: _Order) -> None:
        over = self._sessions.over
        try:
            await sleep_until(limiter().place(current_time()))
            while order.told is None and not over.is_set():
                await self._try(order, over)
        except VoxpipeError as error:
            order.error = error
        finally:
            order.done.set()

    async def _try(self, order: _Order, over: Event) -> None:
        recovery, reopening = self._sessions.recovery, self._sessions.reopening
        assert recovery is not None
        assert reopening is not None
        wanted = order.settings()
        opening: AbstractAsyncContextManager[OpenedSession[Any]]
        opening = reopening.another(recovery.silent(wanted), **order.where)
        async with opening as session:
            await self._pause(order.latest, over)
            if over.is_set() or order.settings() != wanted:
                return  # it is no longer the one that is needed
            order.told = self._sessions.take_over(session, wanted, order.why)
            order.done.set()
            await self._sessions.over.wait()

    async def _pause(self, latest: float, over: Event) -> None:
        recovery, driver = self._sessions.recovery, self._sessions.driver
        assert recovery is not None
        with CancelScope(deadline=latest), driver.moves() as moved:
            while not (over.is_set() or recovery.is_pause(driver.now())):
                with move_on_after(LOOK_INTERVAL):
                    await moved.wait()

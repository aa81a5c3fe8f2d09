"""Another session in place of one that was lost: tried again and again, for a while."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from anyio import current_time, sleep_until

from voxpipe.pipeline import SessionLost, VoxpipeError
from voxpipe.processors.realtime.connect.handshake import OpenedSession
from voxpipe.processors.realtime.connect.reconnect import (
    STEADY,
    Reconnect,
    is_fatal,
    limiter,
    waits,
)


class Reopening:
    """Opens the sessions that follow the first one.

    Args:
        session: the first one.
        reconnect: for how long it is tried.

    Attributes:
        attempts: to open the last one.
        another: opens one, at once, with the settings that it is given.
    """

    def __init__(self, session: OpenedSession[Any], reconnect: Reconnect) -> None:
        assert session.another is not None
        self.another = session.another
        self._patience = reconnect.patience
        self._since: float | None = None  # when the first of several was lost
        self._waits = waits()
        self._opened_at = 0.0
        self.attempts = 0

    def follow(self, session: OpenedSession[Any]) -> None:
        """This one has taken over: those that follow it are opened where it was."""
        assert session.another is not None
        self.another = session.another
        self._since = None

    @asynccontextmanager
    async def session(
        self, settings: Callable[[], Any], lost: SessionLost
    ) -> AsyncGenerator[OpenedSession[Any]]:
        """Another one, as soon as there can be one.

        Args:
            settings: those that it is to have, when it is opened.
            lost: how the one before was lost.

        Raises:
            SessionLost: there was none in time.
            VoxpipeError: there will be none: a key, a model, a quota.
        """
        now = current_time()
        # One that is lost at once is no other loss: patience ends all the same.
        if self._since is None or now - self._opened_at >= STEADY:
            self._since, self._waits = now, waits()
        async with AsyncExitStack() as stack:
            opened = await self._tried(stack, settings, lost, self._since)
            self._opened_at = current_time()
            yield opened

    async def _tried(
        self,
        stack: AsyncExitStack,
        settings: Callable[[], Any],
        lost: SessionLost,
        since: float,
    ) -> OpenedSession[Any]:
        end = since + self._patience
        self.attempts, failure, wait = 0, "", 0.0
        while True:
            place = current_time() + wait + next(self._waits)
            if place < end:
                place = limiter().place(place)
            if place >= end:
                raise _given_up(lost, self._patience, failure)
            await sleep_until(place)
            self.attempts += 1
            try:
                # Not broken off at the end of patience: it has timeouts of its own.
                return await stack.enter_async_context(self.another(settings()))
            except VoxpipeError as error:
                if is_fatal(error):
                    raise error from lost
                failure, wait = str(error), getattr(error, "retry_after", None) or 0.0


def _given_up(lost: SessionLost, patience: float, failure: str) -> SessionLost:
    why = f": {failure}" if failure else ""
    return SessionLost(
        f"{lost}; no other session could be opened within {patience:g} s{why}",
        code=lost.code,
        reason=lost.reason,
        how=lost.how,
    )

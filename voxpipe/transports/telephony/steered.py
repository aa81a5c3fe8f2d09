"""Calls whose audio goes elsewhere: for each a function runs, which steers it."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Generic, Protocol, Self, TypeVar

from anyio import AsyncContextManagerMixin, current_time, move_on_after
from anyio.abc import TaskGroup

from voxpipe.pipeline.runtime.call_record import recorded
from voxpipe.pipeline.runtime.exits import exits_as_failures, orders
from voxpipe.pipeline.runtime.expect import expect
from voxpipe.pipeline.runtime.scopes import tasks_until_done
from voxpipe.pipeline.runtime.wakeup import Wakeup

from . import failures
from .attendant import Attendant, name_of

logger = logging.getLogger("voxpipe.calls")


class Named(Protocol):
    """A call that has a name."""

    @property
    def id(self) -> str:
        """By which the service knows it."""
        ...


C = TypeVar("C", bound=Named)


class SteeredCalls(AsyncContextManagerMixin, Generic[C]):
    """Runs a function for each call, while it is open, and waits for them at its end.

    What goes wrong in one call harms no other: it is logged, as is each call in one
    line, without numbers or what was said.

    Args:
        answer: the function.
        limit: calls at once.
        farewell: seconds that calls may go on when it ends.

    Attributes:
        count: how many there are.
    """

    def __init__(
        self, answer: Callable[[C], Awaitable[object]], *, limit: int, farewell: float
    ) -> None:
        if limit < 1:
            raise ValueError(f"expected a limit of 1 call or more, got {limit!r}")
        told = "answer is an async function that takes a call"
        expect(callable(answer), answer, told, ValueError)
        self._answer = answer
        self._limit = limit
        self._farewell = farewell
        self._tasks: TaskGroup | None = None
        self._ended = Wakeup()  # one of the calls has
        self.count = 0

    @asynccontextmanager
    async def __asynccontextmanager__(self) -> AsyncGenerator[Self]:
        async with tasks_until_done() as self._tasks:
            try:
                yield self
            finally:
                self._tasks = None
            with move_on_after(self._farewell):
                while self.count:
                    await self._ended.wait()

    @property
    def is_open(self) -> bool:
        """Whether there is somewhere for a call to run."""
        return self._tasks is not None

    @property
    def is_full(self) -> bool:
        """Whether there are as many as there may be."""
        return self.count >= self._limit

    def take(self, call: C) -> None:
        """Have a call answered; to be asked only while it is open, and not full."""
        assert self._tasks is not None
        self.count += 1
        self._tasks.start_soon(self._run, call)

    async def _run(self, call: C) -> None:
        began, end = current_time(), "cut"
        label = f"call={call.id[-8:]}"
        with recorded(label) as record:
            try:
                end = await self._answered(call)
            finally:
                self.count -= 1
                self._ended.set()
                seconds = current_time() - began
                logger.info("%s end=%s seconds=%.1f%s", label, end, seconds, record)

    async def _answered(self, call: C) -> str:
        attendant = Attendant(f"call={call.id[-8:]} the app {name_of(self._answer)}")
        try:
            with exits_as_failures(orders()):
                await attendant.run(partial(self._answer, call))
        except Exception as error:  # noqa: BLE001  # whatever it is, the others go on
            if failures.is_transport(error):
                logger.warning("call=%s %s", call.id[-8:], failures.in_short(error))
                return "lost"
            logger.error("call=%s failed: %s", call.id[-8:], failures.in_full(error))
            return "failed"
        return "over"

"""Where tools run: async ones in the event loop, plain functions in threads."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Generator, Mapping
from contextlib import contextmanager
from typing import Any

from anyio import CapacityLimiter, get_cancelled_exc_class

from voxpipe.pipeline.runtime.exits import exits_as_failures, orders
from voxpipe.pipeline.runtime.threads import run_in_thread

from .outputs import CallAnswer
from .progress import Progress
from .tool import Tool


class Threads:
    """Where tools run, and how many there are that did not stop.

    Args:
        most: threads at once, those that were left behind included.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._limiter = CapacityLimiter(most)
        self._running: set[object] = set()  # add and discard are atomic

    @property
    def are_full(self) -> bool:
        """Whether nothing more can be started."""
        return len(self._running) >= self._most

    async def call(
        self,
        tool: Tool[..., Any],
        arguments: Mapping[str, Any],
        progress: Progress | None,
        context: object,
        answered: Callable[[object], CallAnswer],
    ) -> CallAnswer:
        """What the tool gives; a plain function that is cancelled is left behind.

        Args:
            tool: that is called.
            arguments: checked ones.
            progress: for a tool that tells how far it is.
            context: of the call.
            answered: makes the answer of what it gave; where it ran, because a value
                may have something still to do.
        """
        if tool.is_async:
            with self._counted(), exits_as_failures(orders()):
                return answered(await tool.start(arguments, progress, context))

        cancelled = (get_cancelled_exc_class(),)  # `from_thread` raises it there

        def run() -> tuple[CallAnswer | Awaitable[object]]:
            with self._counted(), exits_as_failures(cancelled):
                given = tool.start(arguments, progress, context)
                # In a tuple: trio refuses awaitables.
                return (given if inspect.isawaitable(given) else answered(given),)

        (given,) = await run_in_thread(
            run, limiter=self._limiter, name=f"tool {tool.name}"
        )
        if isinstance(given, CallAnswer):
            return given
        with self._counted(), exits_as_failures(orders()):
            return answered(await given)

    @contextmanager
    def _counted(self) -> Generator[None]:
        key = object()
        self._running.add(key)
        try:
            yield
        finally:
            self._running.discard(key)

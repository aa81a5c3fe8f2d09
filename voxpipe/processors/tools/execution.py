"""One call under way: whatever happens first is its one answer.

A tool can raise, return nonsense, raise a cancellation that nobody ordered, or swallow
the one that was ordered. So it runs in a task of its own, and nobody waits for that
task to end, only for an answer.
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Awaitable, Generator, Mapping
from contextlib import contextmanager
from typing import Any

from anyio import (
    CancelScope,
    CapacityLimiter,
    Event,
    create_task_group,
    move_on_after,
    to_thread,
)

from .errors import ArgumentsError
from .outputs import Answer, describe, failure, success
from .tool import Tool

GRACE = 2.0  # seconds from a tool's cancellation to the complaint that it still runs

logger = logging.getLogger(__name__)


class Execution:
    """A tool at work on one call.

    Args:
        tool: what to run.
        arguments: JSON as the model wrote it.
        limit: bytes of output.
    """

    def __init__(self, tool: Tool[..., Any], arguments: str, limit: int) -> None:
        self.tool = tool
        self._text = arguments
        self._limit = limit
        self._answer: Answer | None = None
        self._answered = Event()
        self._ended = Event()
        self._scope = CancelScope()

    def stop(self, answer: Answer) -> bool:
        """Cancel the tool and answer in its place; says whether that was in time."""
        self._scope.cancel()
        return self._settle(answer)

    async def answer(self, timeout: float) -> Answer:
        """Wait for the answer, which is one of ``timeout`` when none comes in time."""
        with move_on_after(timeout):
            await self._answered.wait()
        if self._answer is None:
            logger.warning("the tool %s took longer than %g s", self.tool.name, timeout)
            self.stop(failure("timeout", f"the tool took longer than {timeout:g} s"))
        assert self._answer is not None
        return self._answer

    async def live(self, threads: Threads) -> None:
        """Run the tool, and see to it that there is an answer when it has ended."""
        # A group of its own: on asyncio a tool can end as cancelled though nobody
        # cancelled it (it awaited a cancelled task), and its neighbours must not.
        async with create_task_group() as own:
            own.start_soon(self._work, threads)
            await self._answered.wait()
            with move_on_after(GRACE):
                await self._ended.wait()
            if not self._ended.is_set():
                logger.warning(
                    "the tool %s swallows its cancellation and still runs; the "
                    "pipeline cannot end before it does",
                    self.tool.name,
                )
        self._settle(failure("cancelled", "the tool was cancelled from within"))

    async def _work(self, threads: Threads) -> None:
        try:
            with self._scope:
                self._settle(await self._run(threads))
        finally:
            self._ended.set()

    async def _run(self, threads: Threads) -> Answer:
        try:
            value = await threads.call(self.tool, self.tool.arguments(self._text))
        except ArgumentsError as error:
            return failure("invalid_arguments", str(error))
        except Exception as error:
            # Its text may hold what people said: it is for the model, and for DEBUG.
            kind = type(error).__name__
            logger.warning("the tool %s raised %s", self.tool.name, kind)
            logger.debug("the tool %s failed", self.tool.name, exc_info=error)
            return failure("tool_error", describe(error))
        return success(value, self._limit)

    def _settle(self, answer: Answer) -> bool:
        if self._answer is not None:
            return False
        self._answer = answer
        self._answered.set()
        return True


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

    async def call(self, tool: Tool[..., Any], arguments: Mapping[str, Any]) -> object:
        """What the tool gives; a plain function that is cancelled is left behind."""
        if tool.is_async:
            return await self._awaited(tool.start(arguments))

        def run() -> tuple[Any]:
            with self._counted():
                return (tool.start(arguments),)  # in a tuple: trio refuses awaitables

        # Abandoned on cancel: nothing else ends the wait for a thread that hangs.
        (value,) = await to_thread.run_sync(
            run, abandon_on_cancel=True, limiter=self._limiter
        )
        return await self._awaited(value) if inspect.isawaitable(value) else value

    async def _awaited(self, value: Awaitable[object]) -> object:
        with self._counted():
            return await value

    @contextmanager
    def _counted(self) -> Generator[None]:
        key = object()
        self._running.add(key)
        try:
            yield
        finally:
            self._running.discard(key)

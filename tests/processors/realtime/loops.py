"""Virtual time on both backends, and a plug to pull at any step of them.

trio has a clock that jumps when nothing else is to be done; asyncio gets one here: a
selector that, instead of waiting, moves the loop's clock to the next timer.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Awaitable, Callable
from contextvars import Context
from typing import Any, Literal, TypeVar, TypeVarTuple, Unpack

import trio
from trio.testing import MockClock

T = TypeVar("T")
Ts = TypeVarTuple("Ts")
Backend = Literal["asyncio", "trio"]
BACKENDS: tuple[Backend, ...] = ("asyncio", "trio")


class Steps:
    """Counts the steps of an event loop.

    Attributes:
        count: steps since it was made, or since `reset`.
        at: the step at which ``pull`` is called.
        pull: what to do then.
    """

    def __init__(self) -> None:
        self.count = 0
        self.at = -1
        self.pull: Callable[[], object] = lambda: None

    def reset(self, at: int, pull: Callable[[], object]) -> None:
        """Count from 0, and call ``pull`` at a step."""
        self.count, self.at, self.pull = 0, at, pull

    def step(self) -> None:
        """One more."""
        self.count += 1
        if self.count == self.at:
            self.pull()


class _Jumping(selectors.SelectSelector):
    """Never waits for time to pass."""

    waited = 0.0

    def select(self, timeout: float | None = None) -> Any:
        if timeout is not None and timeout > 0:
            ready = super().select(0)
            if not ready:
                self.waited += timeout
            return ready
        return super().select(timeout)


class VirtualLoop(asyncio.SelectorEventLoop):
    """asyncio with a clock that jumps; for memory streams, not for sockets."""

    def __init__(self, steps: Steps) -> None:
        self._jumping = _Jumping()
        self._steps = steps
        super().__init__(self._jumping)

    def time(self) -> float:
        """Seconds since the loop was made."""
        return self._jumping.waited

    def call_soon(
        self,
        callback: Callable[[Unpack[Ts]], object],
        *args: *Ts,
        context: Context | None = None,
    ) -> asyncio.Handle:
        """As asyncio's, counted when it is called."""

        def counted() -> None:
            self._steps.step()
            callback(*args)

        return super().call_soon(counted, context=context)


class _Counter(trio.abc.Instrument):
    def __init__(self, steps: Steps) -> None:
        self._steps = steps

    def before_task_step(self, task: trio.lowlevel.Task) -> None:
        self._steps.step()


def run_virtually(
    backend: Backend,
    function: Callable[..., Awaitable[T]],
    *arguments: Any,
    steps: Steps | None = None,
) -> T:
    """Run an asynchronous function in virtual time.

    On asyncio by itself, as uvicorn does, and not by `anyio.run`: what the loop calls
    outside of every task has no help of anyio's there.
    """
    counted = steps or Steps()

    async def run() -> T:
        return await function(*arguments)

    if backend == "asyncio":
        with asyncio.Runner(loop_factory=lambda: VirtualLoop(counted)) as runner:
            return runner.run(run())
    clock = MockClock(autojump_threshold=0)
    return trio.run(run, clock=clock, instruments=[_Counter(counted)] if steps else [])

"""Which event loop runs: for the few places where a library has a shell for each."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import TypeVar

from anyio.lowlevel import RunVar

T = TypeVar("T")


def in_trio() -> bool:
    """Whether the current task is one of trio's."""
    trio = sys.modules.get("trio")  # absent, unless it is what runs
    return trio is not None and bool(trio.lowlevel.in_trio_run())


def is_running() -> bool:
    """Whether an event loop runs in this thread, of either kind."""
    if in_trio():
        return True
    import asyncio

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def way_in() -> Callable[[Callable[[], object]], object]:
    """What has the loop that runs call a function, from any thread, without waiting.

    It raises `RuntimeError` when the loop is over.
    """
    if in_trio():
        import trio

        return trio.lowlevel.current_trio_token().run_sync_soon
    import asyncio

    return asyncio.get_running_loop().call_soon_threadsafe


def clock_for_threads() -> Callable[[], float]:
    """What tells `anyio.current_time` of the loop that runs in any thread."""
    if in_trio():
        import trio

        return trio.lowlevel.current_clock().current_time
    import asyncio

    loop = asyncio.get_running_loop()
    has_its_own = type(loop).time is not asyncio.BaseEventLoop.time
    # uvloop's stands still while the loop is busy; it is of the same clock.
    return loop.time if has_its_own and library_of(loop) != "uvloop" else time.monotonic


def library_of(asyncio_loop: object) -> str:
    """Who has made an event loop of asyncio's kind: ``asyncio``, ``uvloop``, ..."""
    return type(asyncio_loop).__module__.partition(".")[0]


def one_per_loop(name: str, make: Callable[[], T]) -> Callable[[], T]:
    """A function that gives all tasks of an event loop the same, made when first asked.

    Args:
        name: for people who debug.
        make: called in a task of that loop.
    """
    kept: RunVar[T] = RunVar(name)

    def one() -> T:
        try:
            return kept.get()
        except LookupError:
            made = make()
            kept.set(made)
            return made

    return one

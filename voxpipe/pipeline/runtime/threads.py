"""A thread for what blocks, and may be left behind: it never keeps the process alive.

anyio's worker threads on asyncio are no daemons: Python waits at its exit for each one
that is at work, and one that was left behind may be so for ever. So there each call has
a daemon thread of its own here (60 us to start), for what is called rarely; trio's are
daemons as they are. In such a thread anyio's ``from_thread`` works as in anyio's.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from contextvars import Context, copy_context
from typing import Any, Generic, TypeVar

from anyio import CancelScope, CapacityLimiter, Event, from_thread, to_thread
from anyio.lowlevel import checkpoint, current_token

from .loop import in_trio

T = TypeVar("T")

# What `from_thread` knows of the thread it is called in. Nothing public sets it; it has
# been the same since anyio 4.11, the oldest that is supported.
_HERE: Any = vars(from_thread)["threadlocals"]


async def run_in_thread(
    function: Callable[[], T], *, limiter: CapacityLimiter, name: str
) -> T:
    """Call ``function`` in a thread, which is left behind when this is cancelled.

    Args:
        function: what is called, with this task's context variables.
        limiter: bounds the threads; one that was left behind counts until it ends.
        name: of the thread, for people who debug.

    Raises:
        Exception: whatever it raised.
    """
    if in_trio():
        return await to_thread.run_sync(
            function, abandon_on_cancel=True, limiter=limiter
        )
    await checkpoint()
    call = _Call(function, limiter)
    await limiter.acquire_on_behalf_of(call)
    try:
        threading.Thread(target=call.run, name=name, daemon=True).start()
    except RuntimeError:  # the system has no more
        limiter.release_on_behalf_of(call)
        raise
    with call.scope:
        await call.ended.wait()
    return call.result()


class _Call(Generic[T]):
    """One call, which ends in another thread."""

    def __init__(self, function: Callable[[], T], limiter: CapacityLimiter) -> None:
        from asyncio import get_running_loop

        self.scope = CancelScope()  # for `from_thread.check_cancelled`
        self.ended = Event()
        self._function = function
        self._limiter = limiter
        self._context = _of_no_loop()
        self._loop = get_running_loop()
        self._token = current_token()
        self._given: list[T] = []
        self._raised: BaseException | None = None

    def result(self) -> T:
        """What it has given, or raised."""
        raised, self._raised = self._raised, None  # no circle through its traceback
        try:
            if raised is not None:
                raise raised
            return self._given[0]
        finally:
            del raised

    def run(self) -> None:
        """All that its thread does."""
        _HERE.current_token, _HERE.current_cancel_scope = self._token, self.scope
        try:
            self._given.append(self._context.run(self._function))
        except BaseException as error:  # noqa: BLE001  # raised in who waits
            self._raised = error
        with suppress(RuntimeError):  # the loop is closed: it was left behind
            self._loop.call_soon_threadsafe(self._end)

    def _end(self) -> None:
        self._limiter.release_on_behalf_of(self)
        self.ended.set()


def _of_no_loop() -> Context:
    """This task's context, without the word in it that an event loop runs here."""
    context = copy_context()
    for variable in context:
        if variable.name == "current_async_library_cvar":  # sniffio's
            context.run(variable.set, None)
    return context

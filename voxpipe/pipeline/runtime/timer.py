"""One timer of the event loop for all that wait for a moment: a hundred calls share it.

A deadline of a cancel scope costs a timer, a cancellation and an exception thrown
through the task: 20 µs on asyncio, each time. A playout waits for its pace five to 15
times a second; here that costs an entry in a heap and a call (1 µs).
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from heapq import heappop, heappush
from typing import Any

from .loop import in_trio, library_of, one_per_loop

TIMERS = "voxpipe timers"
_OF_MILLISECONDS = {"uvloop", "winloop"}  # winloop is uvloop for Windows


class Timer:
    """A wake-up that was ordered.

    Attributes:
        moment: when (`anyio.current_time`).
    """

    __slots__ = ("_wake", "moment")

    def __init__(self, moment: float, wake: Callable[[], object]) -> None:
        self.moment = moment
        self._wake: Callable[[], object] | None = wake

    @property
    def is_pending(self) -> bool:
        """It has neither fired nor been cancelled."""
        return self._wake is not None

    def cancel(self) -> None:
        """Do not wake; harmless afterwards."""
        self._wake = None

    def fire(self) -> None:
        """Wake whoever ordered it, once."""
        wake, self._wake = self._wake, None
        if wake is not None:
            wake()

    def __lt__(self, other: Timer) -> bool:
        return self.moment < other.moment


class Timers:
    """The timers of one event loop, which is asked for the nearest only."""

    def __init__(self) -> None:
        self._waiting: list[Timer] = []  # a heap: a live one for each that waits
        self._next = math.inf
        kind: type[_Trio | _Asyncio] = _Trio if in_trio() else _Asyncio
        self._timer = kind(self._fire)  # calls back, and forgets the one before
        # `anyio.current_time`, also outside of every task, where anyio does not know
        # which loop runs unless it has started it.
        self.now = self._timer.now

    def at(self, moment: float, wake: Callable[[], object]) -> Timer:
        """Have ``wake`` called at ``moment``, or as soon after it as the loop is free.

        It is called from the event loop, outside of every task: it may set an event
        and order another timer, and must neither wait nor raise.
        """
        timer = Timer(moment, wake)
        heappush(self._waiting, timer)
        if moment < self._next:
            self._set()
        return timer

    def _fire(self) -> None:
        waiting, now = self._waiting, self.now()
        while waiting and waiting[0].moment <= now:
            heappop(waiting).fire()
        self._set()

    def _set(self) -> None:
        self._next = self._waiting[0].moment if self._waiting else math.inf
        self._timer.set(self._next)


class _Asyncio:
    def __init__(self, fire: Callable[[], None]) -> None:
        import asyncio

        self._loop = asyncio.get_running_loop()
        self.now = self._loop.time
        if type(self._loop).time is asyncio.BaseEventLoop.time:
            self.now = time.monotonic  # which is all that it calls
        self._fire_all = fire
        self._handle: Any = None
        # These know milliseconds only, and take the nearest: of one that is too early
        # there would be another, and another, for up to half of one.
        self._is_coarse = library_of(self._loop) in _OF_MILLISECONDS

    def set(self, moment: float) -> None:
        if self._handle is not None:
            self._handle.cancel()
        self._handle = None
        if moment < math.inf:
            if self._is_coarse:
                now = self.now()
                moment = now + math.ceil((moment - now) * 1000) / 1000
            self._handle = self._loop.call_at(moment, self._fire_all)


class _Trio:
    def __init__(self, fire: Callable[[], None]) -> None:
        import trio

        self.now = trio.current_time
        self._fire_all = fire
        self._scope = trio.CancelScope()
        trio.lowlevel.spawn_system_task(self._run, name=TIMERS)

    def set(self, moment: float) -> None:
        self._scope.deadline = moment

    async def _run(self) -> None:
        import trio

        while True:
            with self._scope:
                await trio.sleep_forever()
            self._scope = trio.CancelScope()
            self._fire_all()


timers = one_per_loop(TIMERS, Timers)
"""The one of the event loop that runs."""

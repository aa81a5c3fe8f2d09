"""Names the code that keeps an event loop from going on.

A box or a tool that blocks stops every call of the process, and nothing shows by whom.
A thread asks the loop four times a second whether it still goes round. When no answer
comes it looks twice at where the loop's thread stands: a call of one box, or one step
of a task, in which it stood both times is what the loop waits for. Nothing is paid for
by frames, and where time is virtual nobody watches.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter
from types import FrameType
from typing import TYPE_CHECKING

from .loop import in_trio, library_of, one_per_loop, way_in
from .stacks import frames_of, place_in

if TYPE_CHECKING:
    import threading

INTERVAL = 0.25  # seconds between two questions
PATIENCE = 0.02  # seconds in which an answer comes; a frame is as long
STEP = 0.005  # seconds between two looks
LONG = 0.25  # seconds that are told at once
SHORT, WITHIN = 3, 10.0  # shorter ones: how many within how many seconds are told
ENDLESS = 1.5  # seconds after which it is told though it goes on
MAX_TOLD = 64  # places

_LOOPS = {"asyncio", "uvloop", "winloop"}  # others may be a test's, with its own time


@dataclass(frozen=True, slots=True)
class _Sight:
    """Where the loop stood.

    Attributes:
        who: is to be named.
        call: the frame that is theirs, the same as long as that call lasts.
        place: the line.
    """

    who: str
    call: FrameType
    place: str


class StallMonitor:
    """Watches one loop while pipelines run in it; made in a task of that loop."""

    def __init__(self) -> None:
        self._ask = _way_in()
        self._runs = 0
        self._stop: threading.Event | None = None
        self._stalls: dict[str, list[float]] = {}  # short ones: their ends, by place
        self._told: set[str] = set()

    def enter(self) -> None:
        """A pipeline begins to run."""
        self._runs += 1
        if self._runs == 1 and self._ask is not None:
            import threading  # not worth its time at each import

            self._stop = threading.Event()
            threading.Thread(
                target=self._watch,
                args=(threading.get_ident(), self._ask, self._stop, threading.Event()),
                name="voxpipe stalls",
                daemon=True,
            ).start()

    def leave(self) -> None:
        """A pipeline has ended."""
        self._runs -= 1
        if self._runs == 0 and self._stop is not None:
            self._stop.set()

    # --- in the thread

    def _watch(
        self,
        thread: int,
        ask: Callable[[Callable[[], object]], object],
        stop: threading.Event,
        answered: threading.Event,
    ) -> None:
        while not stop.wait(INTERVAL):
            answered.clear()
            began = perf_counter()
            try:
                ask(answered.set)
            except RuntimeError:  # the loop has ended
                return
            if not answered.wait(PATIENCE):
                sight = self._look(thread, began, answered)
                if sight is not None:
                    self._note(sight, perf_counter() - began, answered.is_set())
                while not (answered.wait(STEP) or stop.is_set()):
                    pass

    def _look(
        self, thread: int, began: float, answered: threading.Event
    ) -> _Sight | None:
        """Who it is that the loop waits for, once it goes on."""
        found = before = None
        looked = began + PATIENCE
        while not answered.wait(STEP):
            looks = perf_counter()
            # Where this thread was late as well, it is the machine that is busy.
            now = _sight(thread) if looks - looked < 4 * STEP else None
            if now is not None and before is not None and now.call is before.call:
                found = now
            if looks - began > ENDLESS:
                break
            before, looked = now, looks
        return found

    def _note(self, sight: _Sight, seconds: float, is_over: bool) -> None:
        key = f"{sight.who} {sight.place}"
        if key in self._told or len(self._told) >= MAX_TOLD:
            return
        if seconds < LONG:
            now = perf_counter()
            ends = [at for at in self._stalls.get(key, ()) if now - at < WITHIN]
            if len(self._stalls) >= MAX_TOLD:
                self._stalls.clear()
            self._stalls[key] = [*ends, now]
            if len(ends) + 1 < SHORT:
                return
        self._told.add(key)
        import logging

        logging.getLogger(__name__).warning(
            "%s kept the event loop for %.2f s%s, at %s: meanwhile no call hears or "
            "says anything. Await it, or do it in a thread: a tool as a plain `def`, "
            "all else by `await anyio.to_thread.run_sync(…)` in a Processor",
            sight.who,
            seconds,
            "" if is_over else " and still does",
            sight.place,
        )


def _sight(thread: int) -> _Sight | None:
    frames = frames_of(thread)
    for frame in reversed(frames):
        who = _named(frame)
        if who:
            return _Sight(who, frame, place_in(frames))
    return None


def _named(frame: FrameType) -> str:
    """Who this frame works for: what its ``self`` calls itself, if it does."""
    code = frame.f_code
    if not code.co_argcount:
        return ""
    owner: object = frame.f_locals.get(code.co_varnames[0])
    # Of the class: an instance might have to compute it.
    has_name = hasattr(type(owner), "works_as")
    return str(getattr(owner, "works_as", "")) if has_name else ""


def _way_in() -> Callable[[Callable[[], object]], object] | None:
    """Has a function called by the loop that runs; ``None`` where time is virtual."""
    if in_trio():
        clock = sys.modules["trio"].lowlevel.current_clock()
        is_real = not hasattr(clock, "autojump_threshold")
    else:
        is_real = library_of(sys.modules["asyncio"].get_running_loop()) in _LOOPS
    return way_in() if is_real else None


_monitor = one_per_loop("voxpipe stalls", StallMonitor)


@contextmanager
def stalls_told() -> Generator[None]:
    """Who keeps the loop from going on during this block is told, once."""
    monitor = _monitor()
    monitor.enter()
    try:
        yield
    finally:
        monitor.leave()

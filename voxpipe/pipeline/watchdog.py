"""Names the code that swallows cancellation.

A task that catches its cancellation and goes on cannot be ended from inside the
process. What can be done is to say which box it is, and where in it: by a thread, for
the event loop may be what is stuck.
"""

from __future__ import annotations

import math
from _thread import get_ident
from collections.abc import Awaitable, Callable, Generator, Iterable, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import anyio

from .runtime.stacks import frames_of, places_in, waiting_frames

if TYPE_CHECKING:
    import threading

GRACE = 2.0  # seconds from cancellation to the complaint


class Watchdog:
    """Watches over one run of a pipeline, or of an app.

    Args:
        boxes: the names of those that will run.
        whole: what cannot end before them.
    """

    def __init__(self, boxes: Iterable[str], *, whole: str = "pipeline") -> None:
        self._whole = whole
        self._alive: dict[str, Any] = dict.fromkeys(boxes)  # with their coroutines
        self._order = tuple(self._alive)
        self._scope = anyio.CancelScope()
        self._timer: threading.Timer | None = None
        self._thread = get_ident()
        self._cancelled = set[str]()  # at most all of the boxes

    @property
    def alive(self) -> Mapping[str, Any]:
        """The boxes that run, and their coroutines, once they have begun."""
        return self._alive

    @property
    def unfinished(self) -> tuple[str, ...]:
        """The boxes that still ran when the run was cancelled, in drawn order."""
        return tuple(name for name in self._order if name in self._cancelled)

    async def watch(self, meanwhile: Callable[[], Awaitable[object]]) -> None:
        """Wait beside the boxes: whoever cancels them cancels this too.

        Args:
            meanwhile: what else is to be watched.
        """
        try:
            with self._scope:
                await meanwhile()
                await anyio.sleep_forever()
        finally:
            if self._alive:
                import threading  # rarely needed: not worth its time at each import

                self._timer = threading.Timer(GRACE, self._complain)
                self._timer.daemon = True
                self._timer.start()

    @contextmanager
    def life(self, name: str) -> Generator[None]:
        """The time during which a box runs."""
        self._alive[name] = anyio.get_current_task().coro
        try:
            yield
        finally:
            self._alive.pop(name, None)
            # Cancelled tasks end in any order: `watch` may come first or last.
            if anyio.current_effective_deadline() == -math.inf:
                self._cancelled.add(name)
            if not self._alive:
                self.dismiss()

    def dismiss(self) -> None:
        """All boxes have ended."""
        self._scope.cancel()
        if self._timer is not None:
            self._timer.cancel()

    def standing(self) -> dict[str, str]:
        """Who keeps the others from ending, by name, and where; from any thread."""
        alive = self._alive.copy()
        # Who keeps the loop busy keeps the others from ending, who are innocent.
        busy = {name: each for name, each in alive.items() if not waiting_frames(each)}
        return {
            name: places_in(waiting_frames(coroutine) or frames_of(self._thread))
            for name, coroutine in (busy or alive).items()
        }

    def _complain(self) -> None:
        import logging

        logger = logging.getLogger(__name__)
        for name, places in self.standing().items():
            logger.error(
                "%s was cancelled %g s ago and still runs, at %s: something there "
                "swallows cancellation (a bare `except:`, `except BaseException`, or a "
                "blocking call); the %s cannot end before it does",
                name,
                GRACE,
                places,
                self._whole,
            )

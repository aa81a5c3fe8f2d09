"""How late the event loop is: before calls are heard to suffer, no new one is taken.

A count says nothing of what calls cost: tools, resamplers and neighbours of the process
take their share. What all calls have in common is that their 20 ms have to leave in
time, by timers of the loop. So a timer of ours, ten times a second, is as late as
theirs. An audible gap needs 0.2 s: so far ahead a playout sends.
"""

from __future__ import annotations

import logging
from collections import deque
from functools import partial

from voxpipe.pipeline.runtime.seldom import Seldom
from voxpipe.pipeline.runtime.timer import Timer, Timers

INTERVAL = 0.1  # seconds between two looks
KEPT = 50  # looks: five seconds
ENOUGH = 20  # looks, before anything follows from them
LATE_LIMIT = 0.1  # seconds: half of what is sent ahead
LOG_INTERVAL = 60.0  # seconds between two warnings

logger = logging.getLogger("voxpipe.calls")


class Load:
    """Looks while there are calls.

    Args:
        limit: seconds of lateness, of the 95th percentile, above which it is too much.
    """

    def __init__(self, limit: float) -> None:
        self._limit = limit
        self._late: deque[float] = deque(maxlen=KEPT)
        self._timer: Timer | None = None
        self._told = Seldom(LOG_INTERVAL)

    @property
    def late(self) -> float:
        """Seconds, that one look in twenty was later by, or none of the few that were.

        A loop that stood still once is no sign of load: it takes more than one look.
        """
        if len(self._late) < ENOUGH:
            return 0.0
        return sorted(self._late)[-1 - len(self._late) // 20]

    @property
    def is_too_much(self) -> bool:
        """Whether another call would be one too many."""
        return self.late > self._limit

    def note(self, seconds: float) -> None:
        """A look was so late."""
        self._late.append(seconds)

    def tell(self, now: float, calls: int) -> None:
        """Say now and then in the log that calls are refused for it."""
        if count := self._told.count(now):
            logger.warning(
                "no call is taken beside %d: the event loop is %.0f ms late (p95), and "
                "%.0f ms are allowed; %d were refused since the last such line",
                calls,
                self.late * 1000,
                self._limit * 1000,
                count,
            )

    def watch(self, loop: Timers) -> None:
        """Look from now on, until `rest`; harmless when it does."""
        if self._timer is None or not self._timer.is_pending:
            self._look_later(loop)

    def rest(self) -> None:
        """There are no calls: nothing is late any more."""
        if self._timer is not None:
            self._timer.cancel()
        self._late.clear()

    def _look_later(self, loop: Timers) -> None:
        due = loop.now() + INTERVAL
        self._timer = loop.at(due, partial(self._look, loop, due))

    def _look(self, loop: Timers, due: float) -> None:
        self.note(max(0.0, loop.now() - due))
        self._look_later(loop)

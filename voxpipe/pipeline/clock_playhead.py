"""How far a reply has sounded where nobody of ours plays it: by the clock."""

from __future__ import annotations

from .runtime.timer import timers
from .turn import Basis, Turn


class ClockPlayhead:
    """A `Playhead` for one reply that sounds elsewhere, from a moment on.

    Args:
        since: when it began to sound (`anyio.current_time`).
    """

    def __init__(self, since: float) -> None:
        self.since = since
        self._until: float | None = None

    def stop(self, at: float) -> None:
        """It sounds no longer than until ``at``."""
        self._until = at

    def position(self, turn: Turn) -> tuple[float, Basis]:
        """Seconds since it began, and no more than there are of it."""
        until = timers().now() if self._until is None else self._until
        elapsed = max(0.0, until - self.since)
        length = turn.generated
        return (min(elapsed, length) if length else elapsed), "estimated"

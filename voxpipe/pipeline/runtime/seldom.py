"""A line of a log now and then, of what strangers can make happen at any rate."""

from __future__ import annotations


class Seldom:
    """Counts what happens, and says when it is time to tell.

    Args:
        interval: seconds between two lines.
    """

    def __init__(self, interval: float) -> None:
        self._interval = interval
        self._next = float("-inf")
        self._count = 0

    def count(self, now: float) -> int:
        """It has happened once more; how often since it was last told, or 0: not now.

        Args:
            now: seconds, on any clock.
        """
        self._count += 1
        if now < self._next:
            return 0
        count, self._count = self._count, 0
        self._next = now + self._interval
        return count

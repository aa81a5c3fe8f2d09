"""A webhook counts once, however often it comes: a bounded memory of those that came.

What is remembered is signed, so only OpenAI can fill it. A memory that is full takes no
more, rather than forget one that could come again.
"""

from __future__ import annotations

from typing import Literal

from .webhook import TOLERANCE

LIFETIME = 2 * TOLERANCE  # s: signed in five minutes' time, and valid for five more
CAPACITY = 8_192  # in ten minutes; some 2 MB, and 13 calls a second

Claim = Literal["new", "seen", "full"]


class Replays:
    """Remembers ids of webhooks for ten minutes, after which their time is refused.

    Args:
        capacity: how many at once.
    """

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._until: dict[str, float] = {}  # in the order in which they came

    def __len__(self) -> int:
        return len(self._until)

    def claim(self, id: str, now: float) -> Claim:
        """Take an id, if nobody has.

        Args:
            id: of a webhook that was unwrapped.
            now: unix seconds.
        """
        self._forget_old(now)
        if id in self._until:
            return "seen"
        if len(self._until) >= self._capacity:
            return "full"
        self._until[id] = now + LIFETIME
        return "new"

    def forget(self, id: str) -> None:
        """Let it come again: nothing was done about it."""
        self._until.pop(id, None)

    def _forget_old(self, now: float) -> None:
        while self._until:
            oldest = next(iter(self._until))
            if self._until[oldest] > now:
                return
            del self._until[oldest]

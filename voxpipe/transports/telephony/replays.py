"""What is signed counts once, however often it comes: a bounded memory of what came.

It is signed, so only who has the secret can fill it. A memory that is full takes no
more, rather than forget one that could come again.

What makes it too old is the clock of this machine, which somebody may set back:
one that was forgotten would be new then. So the memory goes by a clock that nobody
sets, and what was signed no later than the newest that it has forgotten is known.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

TOLERANCE = 300  # s that the time of what is signed may differ from ours
LIFETIME = 2 * TOLERANCE  # s: signed in five minutes' time, and valid for five more
CAPACITY = 8_192  # in ten minutes; some 2 MB, and 13 calls a second

Claim = Literal["new", "seen", "full"]


@dataclass(frozen=True, slots=True)
class _Seen:
    sent_at: int
    until: float


class Replays:
    """Remembers ids for ten minutes, after which their time is refused.

    Args:
        capacity: how many at once.
    """

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._seen: dict[str, _Seen] = {}  # in the order in which they came
        self._forgotten = -1  # when the newest was signed of those that are forgotten

    def __len__(self) -> int:
        return len(self._seen)

    def claim(self, id: str, *, sent_at: int, now: float) -> Claim:
        """Take an id, if nobody has.

        Args:
            id: of a webhook that was unwrapped.
            sent_at: when that was signed (`Webhook.sent_at`).
            now: seconds of a clock that never goes back, as `anyio.current_time`.
        """
        self._forget_old(now)
        if id in self._seen or sent_at <= self._forgotten:
            return "seen"
        if len(self._seen) >= self._capacity:
            return "full"
        self._seen[id] = _Seen(sent_at, now + LIFETIME)
        return "new"

    def forget(self, id: str) -> None:
        """Let it come again: nothing was done about it."""
        self._seen.pop(id, None)

    def _forget_old(self, now: float) -> None:
        while self._seen:
            oldest = next(iter(self._seen))
            if self._seen[oldest].until > now:
                return
            self._forgotten = max(self._forgotten, self._seen.pop(oldest).sent_at)

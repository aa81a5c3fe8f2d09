"""What a carrier has been given and not played yet, as Twilio keeps it.

Audio is played in the order in which it came, at the pace of speech. A mark comes back
when everything before it has been played, or at once when the buffer is cleared.

Source: https://www.twilio.com/docs/voice/media-streams/websocket-messages
"""

from __future__ import annotations

from collections import deque


class CarrierBuffer:
    """The buffer of one call; it is told the time.

    Attributes:
        dry_at: when all of it will have been played.
    """

    __slots__ = ("_marks", "dry_at")

    def __init__(self) -> None:
        self.dry_at = 0.0
        self._marks: deque[tuple[float, str]] = deque()

    def play(self, seconds: float, now: float) -> tuple[float, float]:
        """Take audio: when it starts to play, and how long nothing was played before.

        The second is of interest in the middle of a reply only.
        """
        gap = max(0.0, now - self.dry_at)
        starts = self.dry_at + gap
        self.dry_at = starts + seconds
        return starts, gap

    def mark(self, name: str, now: float) -> None:
        """Take a mark."""
        self._marks.append((max(self.dry_at, now), name))

    def reached(self, now: float) -> list[str]:
        """Marks that are to be sent back by now, each once."""
        names: list[str] = []
        while self._marks and self._marks[0][0] <= now:
            names.append(self._marks.popleft()[1])
        return names

    def forget_marks(self) -> None:
        """Send none back of those that wait, as some carriers do when they clear."""
        self._marks.clear()

    def clear(self, now: float) -> None:
        """Forget what was not played; its marks are due at once."""
        self.dry_at = min(self.dry_at, now)
        self._marks = deque((now, name) for _, name in self._marks)

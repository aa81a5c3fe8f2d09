"""The carrier's buffer: audio that waits to be played, and the marks within it.

It is a queue on a clock. ``dry_at`` is the moment at which all of it will have been
played; more audio moves that on, and a mark is due when what came before it was heard.
"""

from __future__ import annotations

import math
from collections import deque

from voxpipe.pipeline import AudioFormat

from .speech import ULAW

MAX_BUFFERED = 600.0  # seconds; Twilio discards more (warning 31931)
MAX_MARKS = 10_000  # outstanding; a bound of ours
TICK = 1e-6  # seconds; moments that differ by less are the same, but for rounding
MAX_HEARD = 60.0  # seconds that were heard and not yet listened to


class Playback:
    """One call's buffer.

    Args:
        keep: the audio itself, to be listened to; or only what time it takes.
        format: of the audio.

    Attributes:
        began_at: when the first sample was played after the buffer was last dry.
        dry_at: when the last one will have been.
        missed: samples that were heard, and forgotten because nobody listened.
        cut: what had been heard, and not yet listened to, when it was last cleared.
    """

    __slots__ = (
        "_heard",
        "_keeps",
        "_marks",
        "_per_second",
        "_pieces",
        "_sample",
        "began_at",
        "cut",
        "dry_at",
        "missed",
    )

    def __init__(self, *, keep: bool = True, format: AudioFormat = ULAW) -> None:
        self._per_second = format.bytes_per_second
        self._sample = format.sample_bytes
        self.began_at = self.dry_at = -math.inf
        self.missed = 0
        self.cut = b""
        self._keeps = keep
        self._pieces: deque[tuple[float, bytes]] = deque()  # when each begins
        self._heard = bytearray()
        self._marks: deque[tuple[float, str, float]] = deque()  # due, name, came

    def waiting(self, now: float) -> float:
        """Seconds of audio that are still to be played."""
        return max(0.0, self.dry_at - now)

    def add(self, audio: bytes, now: float) -> bool:
        """Play this after what waits; ``False`` if there is no room for it."""
        seconds = len(audio) / self._per_second
        if self.waiting(now) + seconds > MAX_BUFFERED:
            return False
        if self.dry_at <= now:
            self.began_at = self.dry_at = now
        if self._keeps:
            self._advance(now)
            self._pieces.append((self.dry_at, audio))
        self.dry_at += seconds
        return True

    def clear(self, now: float) -> None:
        """Forget what was not played; marks within it are due at once."""
        self._marks = deque(
            (min(due, now), name, came) for due, name, came in self._marks
        )
        self._advance(now)
        self._pieces.clear()
        self.dry_at = min(self.dry_at, now)
        self.cut = self.take(now)

    def end(self, now: float) -> float:
        """The connection has ended: what was not played never will be.

        Returns:
            Seconds of it.
        """
        rest = self.waiting(now)
        self._advance(now)
        self._pieces.clear()
        self._marks.clear()
        self.dry_at = min(self.dry_at, now)
        return rest

    # --- marks

    def mark(self, name: str, now: float) -> bool:
        """Note what is to be told; ``False`` if there are too many already."""
        if len(self._marks) >= MAX_MARKS:
            return False
        self._marks.append((max(self.dry_at, now), name, now))
        return True

    def marks_due(self, now: float) -> list[tuple[str, float]]:
        """Those that are due, in order, each with the moment at which it came."""
        due: list[tuple[str, float]] = []
        while self._marks and self._marks[0][0] <= now + TICK:
            _, name, came = self._marks.popleft()
            due.append((name, came))
        return due

    def forget_marks(self) -> None:
        """None of those that wait will be told: so some carriers clear."""
        self._marks.clear()

    # --- what the caller hears

    def sounds(self, now: float) -> bool:
        """Something was heard that was not listened to yet, or is about to be."""
        self._advance(now)
        return bool(self._heard or self._pieces)

    def take(self, now: float) -> bytes:
        """What was heard since this was last asked; without the silence in between."""
        self._advance(now)
        heard = bytes(self._heard)
        self._heard.clear()
        return heard

    def turn_page(self, now: float) -> None:
        """Forget what was heard by now, unless it goes on: then nobody knows yet."""
        if self.dry_at <= now:
            self.take(now)

    def _advance(self, now: float) -> None:
        pieces = self._pieces
        while pieces and pieces[0][0] < now:
            begins, audio = pieces.popleft()
            played = round((now - begins) * self._per_second / self._sample)
            played *= self._sample
            self._heard += audio[:played]
            if played < len(audio):
                rest_at = begins + played / self._per_second
                pieces.appendleft((rest_at, audio[played:]))
                break
        excess = len(self._heard) - round(MAX_HEARD * self._per_second)
        if excess > 0:
            del self._heard[:excess]
            self.missed += excess // self._sample

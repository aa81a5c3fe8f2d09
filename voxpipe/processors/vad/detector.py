"""From probabilities to the beginnings and ends of speech: counting, and nothing else.

Everything is a number of samples, so that the same audio gives the same marks however
it was cut.
"""

from __future__ import annotations

from typing import Literal

Change = tuple[Literal["started", "stopped"], int]

_HYSTERESIS = 0.15  # Silero's own: speech goes on a little below where it starts


class Detector:
    """Decides when speech starts and stops.

    Args:
        start: the probability from which a window counts as speech.
        minimum: samples of speech before it is believed.
        hangover: samples without speech before it has stopped.
        preroll: samples before the first window of speech that belong to it.

    Attributes:
        speaking: whether speech has started and not yet stopped.
    """

    def __init__(self, start: float, minimum: int, hangover: int, preroll: int) -> None:
        self.speaking = False
        self._start = start
        self._stay = max(start - _HYSTERESIS, start / 2)
        self._minimum = minimum
        self._hangover = hangover
        self._preroll = preroll
        self._began: int | None = None  # where the speech began that may be none
        self._last = 0  # the end of the last speech

    def step(self, probability: float, begin: int, end: int) -> Change | None:
        """Take the next window, from ``begin`` to ``end``; is it a turning point?"""
        if self.speaking:
            if probability >= self._stay:
                self._last = end
            elif end - self._last >= self._hangover:
                return self.stop()
            return None
        if self._began is None:
            if probability < self._start:
                return None
            self._began = begin
        elif probability < self._stay:
            self._began = None
            return None
        if end - self._began < self._minimum:
            return None
        # Not before the last speech has ended, nor before the stream has begun.
        at = max(self._began - self._preroll, self._last)
        self.speaking, self._began, self._last = True, None, end
        return "started", at

    def stop(self) -> Change:
        """Speech ends where it was heard last."""
        self.speaking = False
        return "stopped", self._last

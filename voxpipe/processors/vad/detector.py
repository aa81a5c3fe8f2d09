"""From probabilities to the beginnings and ends of speech: counting, and nothing else.

Everything is a number of samples, so that the same audio gives the same marks however
it was cut.
"""

from __future__ import annotations

from typing import Literal

Change = tuple[Literal["started", "stopped"], int]

_HYSTERESIS = 0.15  # Silero's own: speech goes on a little below where it starts


class Rule:
    """What it takes to be believed.

    Args:
        start: the probability from which a window counts as speech.
        minimum: samples of speech before it is believed.
        gap: samples without speech that do not end it before it is believed.

    Attributes:
        stay: the probability down to which it goes on.
    """

    __slots__ = ("gap", "minimum", "start", "stay")

    def __init__(self, start: float, minimum: int, gap: int = 0) -> None:
        self.start = start
        self.stay = max(start - _HYSTERESIS, start / 2)
        self.minimum = minimum
        self.gap = gap


class Detector:
    """Decides when speech starts and stops.

    Args:
        rule: what speech is, unless a step has a rule of its own.
        hangover: samples without speech before it has stopped.
        preroll: samples before the first window of speech that belong to it.

    Attributes:
        speaking: whether speech has started and not yet stopped.
    """

    def __init__(self, rule: Rule, hangover: int, preroll: int) -> None:
        self.speaking = False
        self._rule = rule
        self._hangover = hangover
        self._preroll = preroll
        self._began: int | None = None  # where the speech began that may be none
        self._heard = 0  # samples of it
        self._last = 0  # the end of the last speech
        self._end = 0  # the end of the last window of the speech that may be none

    def step(
        self, probability: float, begin: int, end: int, rule: Rule | None = None
    ) -> Change | None:
        """Take the next window, from ``begin`` to ``end``; is it a turning point?"""
        if self.speaking:
            if probability >= self._rule.stay:
                self._last = end
            elif end - self._last >= self._hangover:
                return self.stop()
            return None
        if rule is None:
            rule = self._rule
        if self._began is None:
            if probability < rule.start:
                return None
            self._began, self._heard = begin, 0
        elif probability < rule.stay:
            if end - self._end > rule.gap:
                self._began = None
            return None
        self._heard += end - begin
        self._end = end
        if self._heard < rule.minimum:
            return None
        # Not before the last speech has ended, nor before the stream has begun.
        at = max(self._began - self._preroll, self._last)
        self.speaking, self._began, self._last = True, None, end
        return "started", at

    def stop(self) -> Change:
        """Speech ends where it was heard last."""
        self.speaking = False
        return "stopped", self._last

"""Turn detection: finds speech by its loudness, in frames of 32 ms.

Everything is counted in audio written, never in time passed: the same audio gives the
same positions however fast it comes.
"""

from __future__ import annotations

from collections import deque
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

FRAME_MS = 32
_ONSET = 2  # voiced frames in a row: a click is shorter
_HYSTERESIS = 6.0  # dB by which speech may drop before it counts as silence
_OVER_NOISE = 8.0  # dB
_NOISIEST = -35.0  # dBFS; a louder background is not learnt
_NOISE_RISE = 0.3  # dB a frame, 9 dB a second
_TAIL = 8  # frames, the end of an utterance
_TRAILING = 6.0  # dB that a tail lies below the whole: the speaker is trailing off
_SHORT = 14  # frames; "er" is no turn
_EAGERNESS = {"low": (1200, 8000), "medium": (600, 4000), "high": (300, 2000)}  # ms


def levels(samples: NDArray[np.int16], frame: int) -> list[float]:
    """How loud each ``frame`` samples are, in dB of full scale.

    Args:
        samples: 16-bit, shape ``(n * frame,)``.
        frame: samples in a frame.
    """
    frames = samples.reshape(-1, frame).astype(np.float32)
    power = np.einsum("ij,ij->i", frames, frames) / (frame * 32768.0**2)
    loudness: list[float] = (10 * np.log10(power + 1e-10)).tolist()
    return loudness


class TurnDetector:
    """Says when speech starts and stops, given one level for each frame.

    Args:
        settings: a session's ``turn_detection``, either type.

    Attributes:
        speaking: whether the caller is in the middle of something.
        onset_ms: when speech has just started: how long ago its first frame began.
    """

    def __init__(self, settings: dict[str, Any]) -> None:
        self._settings = settings
        # 0.5, the default, is -42.5 dBFS: a quiet speaker at a telephone.
        self._lowest = -55.0 + 25.0 * settings.get("threshold", 0.5)
        self._noise: float | None = None  # dBFS; the first silence tells
        self.reset()

    def reset(self) -> None:
        """Forget the utterance, not the background noise."""
        self.speaking = False
        self.onset_ms = 0
        self._run = 0  # voiced frames in a row, while not speaking
        self._silence = 0  # frames
        self._wanted = 0  # frames of silence that end this turn
        self._voiced = 0
        self._loudness = 0.0
        self._tail: deque[float] = deque(maxlen=_TAIL)

    def hear(self, level: float) -> Literal["started", "stopped"] | None:
        """Take the next frame; says what it changed."""
        if self.speaking:
            return self._in_speech(level)
        limit = self._lowest
        if self._noise is not None:
            limit = max(limit, self._noise + _OVER_NOISE)
        if level < limit:
            rising = level if self._noise is None else self._noise + _NOISE_RISE
            self._noise = min(level, rising, _NOISIEST)
            self._run = 0
            return None
        self._run += 1
        self._remember(level)
        if self._run < _ONSET:
            return None
        self.onset_ms = self._run * FRAME_MS
        self._limit = limit - _HYSTERESIS
        self.speaking = True
        return "started"

    def _in_speech(self, level: float) -> Literal["stopped"] | None:
        if level >= self._limit:
            self._silence = 0
            self._remember(level)
            return None
        if not self._silence:
            self._wanted = -(-self._silence_wanted() // FRAME_MS)
        self._silence += 1
        if self._silence < self._wanted:
            return None
        self.reset()
        return "stopped"

    def _remember(self, level: float) -> None:
        if self._run == 1 and not self.speaking:
            self._voiced, self._loudness = 0, 0.0
            self._tail.clear()
        self._voiced += 1
        self._loudness += level
        self._tail.append(level)

    def _silence_wanted(self) -> int:
        """How much silence ends the turn, in ms."""
        if self._settings["type"] == "server_vad":
            return max(1, int(self._settings["silence_duration_ms"]))
        eagerness = self._settings["eagerness"]
        usual, longest = _EAGERNESS["medium" if eagerness == "auto" else eagerness]
        tail = sum(self._tail) / len(self._tail)
        trailing = tail < self._loudness / self._voiced - _TRAILING
        return longest if trailing or self._voiced < _SHORT else usual

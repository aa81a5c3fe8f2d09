"""Speech is what is louder than the noise was.

It needs nothing but numpy, costs 5 us for 20 ms, and follows a clean line well. It also
takes music, ringing and other people for speech: where that matters, use Silero.
"""

from __future__ import annotations

from math import exp, log10

import numpy as np
from numpy.typing import NDArray

from voxpipe.pipeline import WiringError

_WINDOWS_PER_SECOND = 50  # 20 ms: a sound of speech is not shorter

# The noise floor follows the level down at once, since speech has gaps; up quickly
# while nobody seems to speak; and slowly while somebody does, so that noise which has
# become louder is not taken for speech for ever.
_DOWN = 0.3  # of the difference, a window
_UP = 0.05  # of the difference, a window
_UP_IN_SPEECH = 3.0 / _WINDOWS_PER_SECOND  # dB a window
_QUIETEST = -65.0  # dBFS: below it there is no noise to speak of
_LOUDEST_START = -30.0  # dBFS: a stream that begins louder begins with speech

_SLOPE = 5.0  # dB from p = 0.5 to 0.73: `Vad`'s hysteresis of 0.15 is then 3 dB
_FULL_SCALE = 32768.0**2


class Energy:
    """Tells speech by its loudness above an adaptive noise floor.

    Args:
        margin: dB above the noise floor that are as likely speech as not.

    Raises:
        WiringError: not a number from 1 to 60.
    """

    def __init__(self, margin: float = 12.0) -> None:
        if not 1 <= margin <= 60:
            raise WiringError(f"margin is 1 to 60 dB, not {margin!r}")
        self._margin = margin

    @property
    def rates(self) -> tuple[int, ...]:
        """Any."""
        return ()

    def listen(self, rate: int) -> EnergyListener:
        """Begin with a new stream."""
        return EnergyListener(rate // _WINDOWS_PER_SECOND, self._margin)


class EnergyListener:
    """The noise floor of one stream.

    Attributes:
        window: samples in 20 ms.
    """

    def __init__(self, window: int, margin: float) -> None:
        self.window = window
        self._margin = margin
        self._floor: float | None = None  # dBFS

    def probability(self, samples: NDArray[np.int16]) -> float:
        """0.5 at the margin above the floor, and more the louder it is."""
        values = samples.astype(np.float64)
        power = float(values @ values) / (len(values) * _FULL_SCALE)
        level = max(10 * log10(power) if power else _QUIETEST, _QUIETEST)
        floor = self._floor
        if floor is None:
            floor = min(level, _LOUDEST_START)
        above = level - floor - self._margin
        if level < floor:
            floor += _DOWN * (level - floor)
        elif above < 0:
            floor += _UP * (level - floor)
        else:
            floor += _UP_IN_SPEECH
        self._floor = floor
        return 1 / (1 + exp(-above / _SLOPE))

"""Louder or softer."""

from __future__ import annotations

from typing import Any

import numpy as np

from voxpipe.pipeline import AudioFormat, AudioFrame, Filter, WiringError
from voxpipe.pipeline.samples import to_int16

from .pcm import need_pcm16

_MAX_DB = 96.0  # dB, what 16 bits can hold: beyond it all is silence, or all is clipped


class Gain(Filter[AudioFrame]):
    """Make audio louder or softer; what gets too loud is clipped, it never wraps.

    Args:
        decibels: -96 to 96; 6 is about twice the amplitude, 0 passes frames untouched.

    Raises:
        WiringError: not a number in this range.
    """

    def __init__(self, decibels: float) -> None:
        if not _is_gain(decibels):
            raise WiringError(
                f"a gain is a number of decibels from {-_MAX_DB:g} to {_MAX_DB:g}, "
                f"not {decibels!r}"
            )
        self._factor = 10.0 ** (decibels / 20.0)

    def leaves_as(self, format: AudioFormat) -> AudioFormat:
        """As it entered.

        Raises:
            FormatError: it is not pcm16.
        """
        need_pcm16(format, "gain")
        return format

    def feed(self, frame: AudioFrame) -> tuple[AudioFrame]:
        """One frame out for each in."""
        if self._factor == 1.0:
            return (frame,)
        louder = np.multiply(frame.samples, self._factor, dtype=np.float64)
        return (frame.with_data(to_int16(louder).tobytes()),)


def _is_gain(given: Any) -> bool:
    try:
        return bool(-_MAX_DB <= given <= _MAX_DB)  # NaN is none, either
    except TypeError:
        return False

"""What the boxes that calculate with samples have in common."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from voxpipe.pipeline import AudioFormat, FormatError


def need_pcm16(format: AudioFormat, doing: str) -> None:
    """Refuse what cannot be calculated with.

    Args:
        format: of the audio that wants to enter.
        doing: what the box does, as the first word of the message: ``resampling``.

    Raises:
        FormatError: it is not pcm16.
    """
    if format.encoding != "pcm16":
        raise FormatError(f"{doing} takes pcm16: put Decode() in front")


def to_int16(values: NDArray[np.float64]) -> NDArray[np.int16]:
    """The nearest samples, too loud ones at the limit; overwrites ``values``."""
    np.rint(values, out=values)
    # Two ufuncs: np.clip costs 5 us more a frame.
    np.maximum(values, -32768.0, out=values)
    np.minimum(values, 32767.0, out=values)
    return values.astype(np.int16)

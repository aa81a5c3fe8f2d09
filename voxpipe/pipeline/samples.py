"""From samples in a numpy array to the bytes of a frame, or to what is wrong with them.

Samples of another type or scale are no error in arithmetic: they are noise, which no
program notices. So they are refused where they come in, with what to write instead.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .audio import AudioFormat
from .errors import FormatError

FULL_SCALE = 32_768.0  # what 1.0 is in 16 bits
# 30 dB above full scale: no sound overshoots so far, 16-bit values that were computed
# with as floats do.
_LOUDEST = 32.0

_CURES = {
    "int8": "samples.astype(np.int16) << 8",
    "uint8": "(samples.astype(np.int16) - 128) << 8",
    "int32": "(samples >> 16).astype(np.int16), or samples.astype(np.int16) where "
    "they are 16-bit values",
    "int64": "samples.astype(np.int16) where they are 16-bit values",
}


def pcm16_of(given: Any, rate: int) -> tuple[bytes, AudioFormat]:
    """The bytes of these samples, and their format; see `AudioFrame.of`.

    Raises:
        FormatError: they are none.
    """
    if not hasattr(given, "dtype"):
        cure = "np.asarray(samples) makes one"
        if isinstance(given, bytes | bytearray):
            cure = "AudioFrame(data=..., format=...) takes bytes"
        raise FormatError(
            f"expected a numpy array of samples, got {type(given).__name__}: {cure}"
        )
    samples: NDArray[Any] = np.asarray(given)
    format = AudioFormat("pcm16", rate, _channels(samples))
    if samples.dtype.kind == "f":
        return to_int16(_scaled(samples)).tobytes(), format
    if samples.dtype.kind == "i" and samples.dtype.itemsize == 2:
        return samples.astype("<i2", copy=False).tobytes(), format
    cure = _CURES.get(samples.dtype.name, "samples.astype(np.float32)")
    raise FormatError(
        "expected samples as int16, or as floats from -1 to 1, got "
        f"{samples.dtype}: {cure}"
    )


def to_int16(values: NDArray[np.float64]) -> NDArray[np.int16]:
    """The nearest samples, too loud ones at the limit; overwrites ``values``."""
    np.rint(values, out=values)
    # Two ufuncs: np.clip costs 5 us more a frame.
    np.maximum(values, -32768.0, out=values)
    np.minimum(values, 32767.0, out=values)
    return values.astype(np.int16)


def _scaled(samples: NDArray[Any]) -> NDArray[np.float64]:
    loudest = float(np.max(np.abs(samples), initial=0.0))
    if not loudest <= _LOUDEST:  # NaN is not, either
        raise FormatError(
            f"expected floats from -1 to 1, got {loudest:g}: divide by 32768 what "
            "were 16-bit values"
        )
    scaled: NDArray[np.float64] = np.multiply(samples, FULL_SCALE, dtype=np.float64)
    return scaled


def _channels(samples: NDArray[Any]) -> int:
    if samples.ndim == 1:
        return 1
    if samples.ndim == 2 and samples.shape[1] in (1, 2):
        return int(samples.shape[1])
    turned = samples.ndim == 2 and samples.shape[0] in (1, 2)
    cure = "samples.T has it" if turned else "samples[:, 0] is one channel"
    raise FormatError(
        "expected samples of shape (n,), or (n, 2) for stereo, got shape "
        f"{samples.shape}: {cure}"
    )

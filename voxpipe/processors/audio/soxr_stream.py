"""The best resampling there is, for whom delay does not matter: libsoxr's.

It gives nothing for up to 157 ms and then everything at once, so it is for files; and
for ratios that a `Polyphase` would need too large a matrix for.

float32 in and out: its int16 streams are dithered, so that silence would come out as
noise of one bit, and its rounding is left to us, so that nothing wraps.
"""

from __future__ import annotations

import numpy as np
import soxr
from numpy.typing import NDArray

from voxpipe.pipeline.samples import to_int16


class SoxrStream:
    """One stream on its way from one rate to another.

    Args:
        rate_in: Hz.
        rate_out: Hz.
        channels: 1 or 2.
    """

    def __init__(self, rate_in: int, rate_out: int, channels: int) -> None:
        self._channels = channels
        self._stream = soxr.ResampleStream(
            rate_in, rate_out, channels, dtype="float32", quality="VHQ"
        )
        self._began = False

    def reset(self) -> None:
        """Forget the stream."""
        self._stream.clear()
        self._began = False

    def feed(self, samples: NDArray[np.int16]) -> bytes:
        """What is ready after these samples; often nothing.

        Args:
            samples: shape ``(n,)``, or ``(n, 2)`` for stereo.
        """
        self._began = True
        return self._run(samples.astype(np.float32), last=False)

    def flush(self) -> bytes:
        """The tail; the next sample begins a new stream."""
        if not self._began:
            return b""
        shape = 0 if self._channels == 1 else (0, self._channels)
        tail = self._run(np.zeros(shape, np.float32), last=True)
        self.reset()
        return tail

    def _run(self, samples: NDArray[np.float32], *, last: bool) -> bytes:
        out = self._stream.resample_chunk(samples, last=last)
        return to_int16(out.astype(np.float64)).tobytes()

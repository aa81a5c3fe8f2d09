"""Where a stream that comes in even pieces is converted, without making an array.

A telephone sends 20 ms at a time, for an hour. For pieces of one size all arrays and
views that `Polyphase` needs can be made once, and used by all streams of a thread, so
that they stay in the processor's cache: 8 µs for 20 ms instead of 12.
"""

from __future__ import annotations

import threading

import numpy as np
from numpy.typing import NDArray

Int16 = NDArray[np.int16]
Float64 = NDArray[np.float64]

LONGEST = 8_192  # samples of a piece; 250 ms at 24,000 Hz are 6,000
# Arrays, because a number would be made into one each time.
_LOWEST, _HIGHEST = np.array(-32768.0), np.array(32767.0)
_KEPT = 16  # workbenches a thread; a program has two or three


class Workbench:
    """Arrays for pieces of one size, and one channel.

    Args:
        matrix: shape ``(history + block_in, block_out)``, see `Kernel`.
        block_in: inputs of a block.
        size: of a piece, a multiple of that.

    Attributes:
        matrix: as it was given.
    """

    def __init__(self, matrix: Float64, block_in: int, size: int) -> None:
        window, block_out = matrix.shape
        history = window - block_in
        inputs = np.zeros(history + size)
        (step,) = inputs.strides
        self.matrix = matrix
        self._before, self._piece = inputs[:history], inputs[history:]
        self._last = inputs[size:]
        self._windows: Float64 = np.ndarray(
            (size // block_in, window),
            np.float64,
            inputs,
            strides=(block_in * step, step),
        )
        self._outputs = np.empty((size // block_in, block_out))
        self._samples: Int16 = np.empty(self._outputs.shape, np.int16)

    def convert(self, held: Float64, samples: Int16) -> bytes:
        """The outputs for a piece.

        Args:
            held: the inputs before it, shape ``(1, history)``; changed into those
                before the next.
            samples: the piece.
        """
        outputs = self._outputs
        self._before[:] = held[0]
        self._piece[:] = samples
        held[0] = self._last
        np.matmul(self._windows, self.matrix, out=outputs)
        np.rint(outputs, out=outputs)
        np.maximum(outputs, _LOWEST, out=outputs)
        np.minimum(outputs, _HIGHEST, out=outputs)
        self._samples[:] = outputs
        return self._samples.tobytes()


class _Benches(threading.local):
    def __init__(self) -> None:
        self.known: dict[tuple[int, int], Workbench] = {}


_BENCHES = _Benches()


def workbench(matrix: Float64, block_in: int, size: int) -> Workbench:
    """The one of this thread for pieces of ``size``; ``matrix`` must stay."""
    known = _BENCHES.known
    key = id(matrix), size
    bench = known.get(key)
    if bench is None or bench.matrix is not matrix:
        if len(known) >= _KEPT:
            known.clear()
        bench = known[key] = Workbench(matrix, block_in, size)
    return bench

"""A streaming polyphase FIR resampler: little delay, and an even flow.

Why not soxr, which is better on paper: fed 20 ms at a time it holds back 20 to 157 ms
and then delivers in bursts. This filter delays by 12 samples of the lower rate (1.5 ms
at 8 kHz, 0.5 ms at 24 kHz), and each call gives all the samples that are due.

Three things make it fast and exact:
  1. A block of outputs is one matrix product: `Kernel.matrix` has a column for each
     output of a block, shifted along the inputs that it is made of.
  2. Coefficients are whole multiples of 2**-32, samples whole numbers below 2**15, so
     every sum fits into the 53 bits of a double and is exact: the order of summation,
     and so the way the stream was cut, cannot change a bit on any machine.
  3. All that is carried from call to call is the last inputs; the phase follows from
     how many they are, in whole numbers, so nothing can drift.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import gcd

import numpy as np
from numpy.typing import NDArray

from voxpipe.pipeline.samples import to_int16

from .scratch import MAX_PIECE, scratch

Int16 = NDArray[np.int16]
Float64 = NDArray[np.float64]

MAX_CYCLE = 300_000  # up * down: 11,025 to 16,000 Hz is 640 * 441, and 2.4 MB

# The shortest Kaiser-windowed sinc that is 80 dB down from 0.6 of the lower rate on and
# within 0.5 dB up to 0.42 of it; found by search, proven with tones in the tests.
_HALF_LENGTH = 12  # samples of the lower rate: the delay
_CUTOFF = 0.49  # of the lower rate
_BETA = 8.2

_UNIT = 2.0**32  # coefficients are multiples of 1 / _UNIT
_BLOCK = 16  # samples of the lower rate in a block: the best of 4 to 64 for 20 ms
_PIECE = 16_384  # inputs at a time, so that an hour in one frame takes little memory


@dataclass(frozen=True, slots=True)
class Kernel:
    """The filter for one ratio, shared by all streams of it.

    Attributes:
        up: outputs of a cycle, after which the phases repeat.
        down: inputs of a cycle.
        delay: in steps of the rate that both divide: ``up`` to an input.
        history: earlier inputs that an output is made of.
        block_in: inputs of a block.
        block_out: outputs of a block.
        matrix: shape ``(history + block_in, block_out)``.
    """

    up: int
    down: int
    delay: int
    history: int
    block_in: int
    block_out: int
    matrix: Float64


def factors(rate_in: int, rate_out: int) -> tuple[int, int]:
    """The ratio in lowest terms: outputs and inputs of a cycle."""
    common = gcd(rate_in, rate_out)
    return rate_out // common, rate_in // common


def delay(rate_in: int, rate_out: int) -> float:
    """Seconds that sound is later in what leaves than in what entered."""
    return _HALF_LENGTH / min(rate_in, rate_out)


@lru_cache(maxsize=16)  # 2.5 MB at most each; 30 kB where one rate divides the other
def kernel(up: int, down: int) -> Kernel:
    """Design the filter for a ratio in lowest terms."""
    phases = _phases(up, down)
    history = phases.shape[1] - 1
    cycles = max(1, _BLOCK // min(up, down))
    block_in, block_out = cycles * down, cycles * up
    matrix = np.zeros((history + block_in, block_out))
    for output in range(block_out):
        newest, phase = divmod(output * down, up)
        matrix[newest : newest + history + 1, output] = phases[phase, ::-1]
    matrix.setflags(write=False)
    delay = _HALF_LENGTH * max(up, down)
    return Kernel(up, down, delay, history, block_in, block_out, matrix)


def _phases(up: int, down: int) -> Float64:
    """The coefficients of each phase, newest input first: shape ``(up, taps)``."""
    longer = max(up, down)  # steps to a sample of the lower rate
    half = _HALF_LENGTH * longer
    sinc = np.sinc(2 * _CUTOFF / longer * np.arange(-half, half + 1))
    taps = -(-len(sinc) // up)
    prototype = np.zeros(taps * up)
    prototype[: len(sinc)] = sinc * np.kaiser(len(sinc), _BETA)
    phases: Float64 = prototype.reshape(taps, up).T
    # Each phase sums to exactly one: what is constant comes out constant.
    phases = np.rint(phases / phases.sum(axis=1, keepdims=True) * _UNIT)
    phases[np.arange(up), phases.argmax(axis=1)] += _UNIT - phases.sum(axis=1)
    phases /= _UNIT
    return phases


class Polyphase:
    """One stream on its way from one rate to another.

    Args:
        rate_in: Hz.
        rate_out: Hz.
        channels: 1 or 2.
    """

    def __init__(self, rate_in: int, rate_out: int, channels: int) -> None:
        self._kernel = kernel(*factors(rate_in, rate_out))
        self._channels = channels
        self.reset()

    def reset(self) -> None:
        """Forget the stream; before its first sample there was silence."""
        # The inputs that the next outputs need: the history, and those of a cycle
        # that has begun (fewer than `down`).
        self._held = np.zeros((self._channels, self._kernel.history))
        self._began = False

    def feed(self, samples: Int16) -> bytes:
        """What is due after these samples: as much time as they take.

        Args:
            samples: shape ``(n,)``, or ``(n, 2)`` for stereo.
        """
        self._began = True
        kernel, held, size = self._kernel, self._held, len(samples)
        # Whole blocks, and no cycle has begun: no phase has to be found.
        if (
            0 < size <= MAX_PIECE
            and not size % kernel.block_in
            and held.shape == (1, kernel.history)
        ):
            arrays = scratch(kernel.matrix, kernel.block_in, size)
            return arrays.convert(samples, held)
        rows = samples.reshape(-1, self._channels).T
        if size <= _PIECE:
            return self._run(rows)
        pieces = range(0, size, _PIECE)
        return b"".join(self._run(rows[:, at : at + _PIECE]) for at in pieces)

    def flush(self) -> bytes:
        """The tail, as if silence followed; the next sample begins a new stream."""
        if not self._began:
            return b""
        kernel = self._kernel
        silence = np.zeros((self._channels, -(-kernel.delay // kernel.up)), np.int16)
        tail = self._run(silence, beyond=kernel.delay - silence.shape[1] * kernel.up)
        self.reset()
        return tail

    def _run(self, rows: Int16, beyond: int = 0) -> bytes:
        """Outputs up to the end of ``rows``, or to ``beyond`` steps after it."""
        kernel = self._kernel
        up, down = kernel.up, kernel.down
        begun = self._held.shape[1] - kernel.history  # inputs of the present cycle
        total = begun + rows.shape[1]
        first = -(-begun * up // down)  # its outputs that have left already
        last = -(-(total * up + beyond) // down)
        blocks = -(-last // kernel.block_out)

        held = kernel.history + begun
        inputs = np.zeros((self._channels, kernel.history + blocks * kernel.block_in))
        inputs[:, :held] = self._held
        inputs[:, held : held + rows.shape[1]] = rows
        keep = total % down
        self._held = inputs[:, total - keep : kernel.history + total].copy()

        channel, sample = inputs.strides
        windows: Float64 = np.ndarray(
            (self._channels, blocks, kernel.history + kernel.block_in),
            np.float64,
            inputs,
            strides=(channel, kernel.block_in * sample, sample),
        )
        outputs = (windows @ kernel.matrix).reshape(self._channels, -1)
        return to_int16(outputs[:, first:last]).T.tobytes()

"""What to play where packets are missing: the last pitch period again, fading away.

The idea is that of ITU-T G.711, Appendix I: within 20 ms speech hardly changes, so a
missing piece is the last period of the voice, repeated; two and then three of them,
lest it buzz; quieter by a fifth every 10 ms, so that after 60 ms there is silence.
Where it begins and where real samples follow, the two are crossfaded. Unlike there,
nothing is delayed for that: the seam at the beginning lies within the period itself.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from .law import FORMATS, RATE, TICK, Law, codes_of, samples_of

SHORTEST, LONGEST = 40, 120  # samples of a pitch period: 200 and 66 Hz
COMPARED: Final = 160  # samples, 20 ms, in which the period is looked for
KEPT: Final = 3 * LONGEST + LONGEST // 4  # samples: three periods, and their seam
STEP: Final = 80  # samples, 10 ms
FADE: Final = 0.2  # of the amplitude, for each of them after the first
SILENT: Final = round(STEP + STEP / FADE)  # samples, 60 ms, until nothing is left
SEAM: Final = 32  # samples, 4 ms, to fade into what is real; and as many more a step
LONGEST_SEAM: Final = 80

_ALL: Final = b"\x01" * TICK
_NONE: Final = bytes(TICK)

Samples = NDArray[np.float64]


class Concealer:
    """Fills the gaps of one stream of G.711.

    Args:
        law: of its codes.

    Attributes:
        concealed: samples that were made up.
    """

    def __init__(self, law: Law) -> None:
        self._silence = FORMATS[law].silence(1 / RATE)
        self._samples, self._codes = samples_of(law), codes_of(law)
        self._last = [self._silence * TICK] * -(-KEPT // TICK)  # what was played
        self._history: Samples = np.zeros(KEPT)  # before the gap
        self._cycle: Samples = np.zeros(1)
        self._period = SHORTEST
        self._periods = 3
        self._lost = SILENT  # samples of this gap so far: nothing has come yet
        self.concealed = 0

    def fill(self, codes: bytes, there: bytes) -> bytes:
        """A tick as it is to be played.

        Args:
            codes: 160.
            there: for each a byte of 1 if it has come, else 0.
        """
        if there == _ALL and (not self._lost or self._is_silent()):
            self._lost = 0
            filled = codes  # nearly always
        elif there == _NONE and self._is_silent():
            filled = self._silence * TICK
        else:
            filled = self._mend(codes, there)
        del self._last[0]
        self._last.append(filled)
        return filled

    def _is_silent(self) -> bool:
        return self._lost >= SILENT

    def _mend(self, codes: bytes, there: bytes) -> bytes:
        real = self._samples[np.frombuffer(codes, np.uint8)].astype(np.float64)
        mask = np.frombuffer(there, np.uint8)
        out = np.empty(TICK)
        edges = [0, *(np.flatnonzero(np.diff(mask)) + 1).tolist(), TICK]
        for begin, end in pairwise(edges):
            if mask[begin]:
                out[begin:end] = real[begin:end]
                self._join(out[begin:end])
                continue
            if not self._lost:
                self._start(out[:begin])
            self.concealed += end - begin
            for at in range(begin, end, STEP):
                size = min(STEP, end - at)
                out[at : at + size] = self._made_up(size)
        rounded = np.clip(np.rint(out), -32_768, 32_767).astype(np.int16)
        return self._codes[rounded.view(np.uint16)].tobytes()

    def _start(self, heard: Samples) -> None:
        """A gap begins, after these of the tick."""
        before = self._samples[np.frombuffer(b"".join(self._last), np.uint8)]
        self._history = np.concatenate([before, heard])[-KEPT:].astype(np.float64)
        self._period = pitch_period(self._history)
        self._periods = 0

    def _made_up(self, size: int) -> Samples:
        periods = min(1 + self._lost // STEP, 3)
        if periods > self._periods:
            self._periods, self._cycle = periods, self._cycle_of(periods)
        at = self._lost + np.arange(size)
        self._lost += size
        gain = np.clip(1.0 - FADE * (at - STEP) / STEP, 0.0, 1.0)
        return self._cycle[at % len(self._cycle)] * gain

    def _cycle_of(self, periods: int) -> Samples:
        """The last periods, so that the end of them goes over into their beginning."""
        history, seam = self._history, self._period // 4
        length = periods * self._period
        cycle = history[-length:].copy()
        up = np.arange(1, seam + 1) / (seam + 1)
        cycle[-seam:] *= 1.0 - up
        cycle[-seam:] += history[-length - seam : -length] * up
        return cycle

    def _join(self, real: Samples) -> None:
        """The gap is over: what was made up fades into what is real, in place."""
        if not self._lost or self._is_silent():  # nothing made up is heard any more
            self._lost = 0
            return
        steps = self._lost // STEP
        size = min(SEAM + SEAM * steps, LONGEST_SEAM, len(real))
        up = np.arange(1, size + 1) / (size + 1)
        real[:size] = real[:size] * up + self._made_up(size) * (1.0 - up)
        self._lost = 0


def pitch_period(history: Samples) -> int:
    """The lag, in samples, at which the end of this is most like what was before."""
    end = history[-COMPARED:]
    windows = np.lib.stride_tricks.sliding_window_view(
        history[-COMPARED - LONGEST : -SHORTEST], COMPARED
    )
    products, energy = windows @ end, np.einsum("ij,ij->i", windows, windows)
    likeness = products / np.sqrt(np.maximum(energy, 1.0))
    return LONGEST - int(np.argmax(likeness))

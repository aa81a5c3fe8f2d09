"""A stream of any format as the windows that an engine wants, each with its place.

Places are whole numbers of the engine's samples from the start of the stream, so that
the same audio gives the same windows however it was cut.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from voxpipe.pipeline import AudioFormat, AudioFrame, Filter
from voxpipe.processors.audio import Decode, Mono, Resample
from voxpipe.processors.audio.polyphase import delay

_GAP = 0.01  # seconds that a frame may be late before audio is missing; below: rounding


class Windows:
    """One stream on its way to an engine.

    Args:
        first: its first frame.
        rate: Hz, what the engine wants.
        size: samples in a window.
    """

    def __init__(self, first: AudioFrame, rate: int, size: int) -> None:
        self.format = first.format
        self._rate = rate
        self._size = size
        self._boxes = list(_boxes(first.format, rate))
        self._rest: NDArray[np.int16] = np.zeros(0, np.int16)
        self._start = self._next = first.start
        # What comes out of a resampler happened a little earlier.
        late = delay(first.format.rate, rate) if first.format.rate != rate else 0.0
        self._place = -round(late * rate)

    def seconds(self, place: int) -> float:
        """Where a place is on the stream's own timeline."""
        return self._start + place / self._rate

    def missing(self, frame: AudioFrame) -> tuple[int, int] | None:
        """From where to where audio is missing in front of this frame, if any is."""
        late = frame.start - self._next
        if late <= _GAP:  # or frames that do not say where they start: all are at 0
            return None
        self._next = frame.start
        begin = self._place
        self._place += len(self._rest) + round(late * self._rate)
        self._rest = self._rest[:0]
        return begin, self._place

    def feed(self, frame: AudioFrame) -> Iterator[tuple[int, int, NDArray[np.int16]]]:
        """The windows that this frame completes: begin, end and samples."""
        self._next += frame.duration
        frames: list[AudioFrame] = [frame]
        for box in self._boxes:
            frames = [out for each in frames for out in box.feed(each)]
        samples: NDArray[np.int16] = np.concatenate(
            [self._rest, *(each.samples for each in frames)]
        )
        whole = len(samples) - len(samples) % self._size
        if not whole:
            self._rest = samples
            return
        self._rest = samples[whole:].copy()  # a view would keep all of them
        for at in range(0, whole, self._size):
            begin, self._place = self._place, self._place + self._size
            yield begin, self._place, samples[at : at + self._size]


def _boxes(format: AudioFormat, rate: int) -> Iterator[Filter[AudioFrame]]:
    if format.encoding != "pcm16":
        yield Decode()
    if format.channels != 1:
        yield Mono()
    if format.rate != rate:
        yield Resample(rate)

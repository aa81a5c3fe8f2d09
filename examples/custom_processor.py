"""Boxes of your own: a frame, a synchronous box that makes it, a box that waits for it.

    python examples/custom_processor.py [recording.wav]

shows how loud a recording is, ten times a second, at the pace at which it plays.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import anyio
import numpy as np

import voxpipe.console
from voxpipe.pipeline import AudioFrame, Frame, Input, Pipeline, Processor, Transform
from voxpipe.transports import WavSource


@dataclass(frozen=True, slots=True, kw_only=True)
class Level(Frame):
    """How loud a tenth of a second was, in dB below full scale."""

    at: float
    db: float


class Loudness(Transform[AudioFrame, Level]):
    """Audio in, levels out: however the audio is cut, the levels are the same."""

    def reset(self) -> None:
        """Begin a stream."""
        self._held = np.zeros(0, np.int16)
        self._count = 0

    def feed(self, frame: AudioFrame) -> Iterable[Level]:
        """Collect a tenth of a second, and measure it."""
        size = frame.format.rate // 10 * frame.format.channels
        self._held = np.concatenate([self._held, frame.samples.reshape(-1)])
        while len(self._held) >= size:
            tenth, self._held = self._held[:size], self._held[size:]
            loudness = np.sqrt(np.mean(tenth.astype(np.float64) ** 2)) / 32_768
            yield Level(at=self._count / 10, db=float(20 * np.log10(loudness + 1e-5)))
            self._count += 1


class Bars(Processor):
    """Draws what comes in; it may wait, so it has a task and a queue."""

    levels = Input[Level]()

    async def run(self) -> None:
        """Draw until the recording ends."""
        async for level in self.levels:
            bar = "█" * max(0, round(level.db / 2) + 40)
            print(f"{level.at:6.1f} s {level.db:4.0f} dB  {bar}")


SHIPPED = Path(voxpipe.console.__file__).parent / "recordings" / "1-hours.wav"


async def show(path: str | Path) -> None:
    """Play a recording, and draw it."""
    bars = Bars()
    await Pipeline(WavSource(path).heard >> Loudness() >> bars.levels).run()


if __name__ == "__main__":
    anyio.run(show, sys.argv[1] if len(sys.argv) > 1 else SHIPPED)

"""Two voices on one timeline: each placed by the clock, both written side by side.

Each side is a run of samples without holes that only grows. A frame goes where the
clock says, unless that is nearly where the side ends: then it was jitter, and a hole
would click. Only what lies between the ends of the two sides is kept, 2 s at most.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

Side = Literal[0, 1]  # 0 is left, 1 is right
Block = bytes | int  # stereo pcm16, or how many samples of silence

JITTER = 0.06  # seconds; three telephone frames
SIDE_TIMEOUT = 2.0  # seconds that one side waits for the other
BATCH = 1.0  # seconds of audio in a block; smaller ones cost more than they save


class Timeline:
    """Where each sample of a recording belongs.

    Args:
        rate: samples per second of both sides.
    """

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._jitter = round(JITTER * rate)
        self._patience = round(SIDE_TIMEOUT * rate)
        self._batch = round(BATCH * rate)
        self._given = 0  # samples that have left; from here on the buffers go
        self._buffers = bytearray(), bytearray()

    def place(self, side: Side, now: float, data: bytes | bytearray) -> list[Block]:
        """Add audio whose last sample was heard at ``now``.

        Args:
            side: whose it is.
            now: seconds from the start of the recording.
            data: pcm16, whole samples.

        Returns:
            What will not change any more, to be written in this order.
        """
        buffer, count = self._buffers[side], len(data) // 2
        begins, ends = round(now * self._rate) - count, self._end(side)
        if begins - ends <= self._jitter:
            begins = ends
        # First, so that after an hour's silence there is no hour of zeros in memory.
        blocks = self._give(min(begins, begins + count - self._patience))
        buffer += bytes(2 * (begins - self._end(side)))
        buffer += data
        return blocks + self._give(min(self._end(0), self._end(1)))

    def rest(self) -> list[Block]:
        """All that is left, when nothing more will come."""
        return self._give(max(self._end(0), self._end(1)), least=1)

    def _end(self, side: Side) -> int:
        return self._given + len(self._buffers[side]) // 2

    def _give(self, up_to: int, least: int | None = None) -> list[Block]:
        blocks: list[Block] = []
        if up_to - self._given < (self._batch if least is None else least):
            return blocks
        while (count := up_to - self._given) > 0:
            if any(self._buffers):
                count = min(count, self._batch)
                blocks.append(self._take(count))
            else:
                blocks.append(count)
            self._given += count
        return blocks

    def _take(self, count: int) -> bytes:
        stereo = np.zeros((count, 2), "<i2")
        for side, buffer in enumerate(self._buffers):
            mono = np.frombuffer(bytes(buffer[: 2 * count]), "<i2")
            stereo[: len(mono), side] = mono
            del buffer[: 2 * count]
        return stereo.tobytes()

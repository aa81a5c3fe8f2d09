"""Audio in the pieces that a carrier takes, where it does not take any.

What is too little for a piece waits for more of the same speech. It does not wait for
ever: before the carrier has played all that it has, it gets the rest, with silence
behind it if it must. So within speech that is on time there is no gap, and of its end
nothing is kept back.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from anyio import Event

from voxpipe.pipeline import AudioFormat, AudioFrame
from voxpipe.pipeline.runtime.timer import Timer, timers

MARGIN = 0.1  # seconds before the carrier has played all, for the way to it


@dataclass(frozen=True, slots=True)
class Shape:
    """The pieces that a carrier takes.

    Attributes:
        step: bytes; each piece is a multiple of it.
        least: bytes of a piece, a multiple of ``step``; silence makes up for less.
        most: likewise.
        gather: bytes that are worth a message: less waits for more, as long as it can.
        per_second: pieces that it takes in the long run.
        burst: pieces at once.
    """

    step: int
    least: int
    most: int
    gather: int
    per_second: float = math.inf
    burst: int = 1


class Shaper:
    """Makes the frames of one call into pieces.

    Args:
        shape: of the pieces.
        format: of the frames.
    """

    def __init__(self, shape: Shape, format: AudioFormat) -> None:
        self._shape = shape
        self._format = format
        self._interval = 1.0 / shape.per_second
        self._rest = b""
        self._since = 0.0  # when the first of it came
        self._dry_at = 0.0  # when the carrier has played what it was sent
        self._sent_up = 0.0  # when all pieces are allowed that were sent (GCRA)
        self._timer = Timer(math.inf, lambda: None)
        self._is_due = Event()

    @property
    def lead(self) -> float:
        """Seconds of speech that may wait here, and the carrier has not got."""
        return self._shape.gather / self._format.bytes_per_second

    @property
    def waits(self) -> bool:
        """Some does."""
        return bool(self._rest)

    @property
    def least(self) -> float:
        """Seconds of the shortest piece."""
        return self._shape.least / self._format.bytes_per_second

    def add(self, frame: AudioFrame) -> list[AudioFrame]:
        """The pieces that can be sent with ``frame``; their turn and place are its."""
        shape, now = self._shape, timers().now()
        if not self._rest and self._fits(frame.size) and self._allowed_at() <= now:
            self._sent(frame.duration, now)
            self._since = now
            return [frame]  # as it is: its base64 is not decoded either
        data = self._rest + frame.data
        pieces: list[AudioFrame] = []
        at = 0
        while len(data) - at >= shape.gather and self._allowed_at() <= now:
            size = min(len(data) - at, shape.most)
            size -= size % shape.step
            left = len(data) - at - size
            pieces.append(self._piece(data[at : at + size], frame, left, now))
            at += size
        if at or not self._rest:
            self._since = now
        self._rest = data[at:]
        self._set_timer(now)
        return pieces

    def rest(self) -> AudioFrame | None:
        """What waits and is due, as a piece of no turn; ``None`` if nothing is."""
        data, shape = self._rest, self._shape
        if not data or self._timer.is_pending:
            return None
        self._rest, data = data[shape.most :], data[: shape.most]
        short = max(shape.least - len(data), -len(data) % shape.step)
        data += self._format.silence(short / self._format.bytes_per_second)
        now = timers().now()
        piece = self._piece(data, AudioFrame(data=data, format=self._format), 0, now)
        self._set_timer(now)
        return piece

    def hurry(self) -> None:
        """Nothing more will come: what waits is due."""
        self._timer.cancel()

    def forget(self) -> None:
        """The carrier was cleared, and so is what waits."""
        self._rest, self._dry_at = b"", 0.0
        self._timer.cancel()

    async def run(self, send: Callable[[], Awaitable[object]]) -> None:
        """Have ``send`` send the `rest` whenever it may be due, until cancelled."""
        while True:
            await self._is_due.wait()
            self._is_due = Event()
            await send()

    def _piece(
        self, data: bytes, frame: AudioFrame, left: int, now: float
    ) -> AudioFrame:
        seconds = len(data) / self._format.bytes_per_second
        self._sent(seconds, now)
        start = frame.end - left / self._format.bytes_per_second - seconds
        return AudioFrame(data=data, format=self._format, start=start, turn=frame.turn)

    def _fits(self, size: int) -> bool:
        shape = self._shape
        return shape.gather <= size <= shape.most and size % shape.step == 0

    def _sent(self, seconds: float, now: float) -> None:
        self._dry_at = max(self._dry_at, now) + seconds
        self._sent_up = max(self._sent_up, now) + self._interval

    def _allowed_at(self) -> float:
        return self._sent_up - (self._shape.burst - 1) * self._interval - 1e-9

    def _set_timer(self, now: float) -> None:
        self._timer.cancel()
        if self._rest:
            # Not before there was time for enough of it, if that was to come at all.
            due = max(self._dry_at - MARGIN, self._since + self.lead)
            due = max(due, self._allowed_at(), now)
            self._timer = timers().at(due, self._is_due.set)

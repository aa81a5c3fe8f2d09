"""The device at the far side: it plays what comes, on the clock, and knows when.

The far side itself is a wire; what a person would hear of it is reckoned here, in one
place and the same for all transports.
"""

from __future__ import annotations

import math
from collections import deque
from contextlib import suppress
from dataclasses import dataclass

from anyio import (
    BrokenResourceError,
    ClosedResourceError,
    EndOfStream,
    Event,
    create_task_group,
    current_time,
    move_on_after,
)

from voxpipe.pipeline import AudioFormat

from .far_side import Cleared, Confirms, FarSide, Mark

GONE = (EndOfStream, BrokenResourceError, ClosedResourceError)
TICK = 1e-6  # seconds; moments that differ by less are the same, but for rounding


@dataclass(slots=True)
class _Piece:
    begins: float
    data: bytes


class Device:
    """Plays what one far side hears.

    Args:
        far: the wire; read by `run` alone, and not while ``reads`` is unset.
        format: of what comes.
        delay: seconds by which it begins later than it could, as a jitter buffer does.

    Attributes:
        arrived: when each piece of audio came, and how long it lasts.
        cleared: when it was told to forget.
        free_at: when all that it has will have been played.
        dry: seconds of silence between pieces that were to follow each other.
        ended: the line is closed.
    """

    def __init__(self, far: FarSide, format: AudioFormat, delay: float = 0.0) -> None:
        self.arrived: list[tuple[float, float]] = []
        self.cleared: list[float] = []
        self.free_at = -math.inf
        self.dry = 0.0
        self.ended = False
        self._far = far
        self._format = format
        self._delay = delay
        self._pieces: list[_Piece] = []
        self._marks: deque[tuple[float, str]] = deque()  # when each is due
        self._news = Event()
        self._reads = Event()
        self._reads.set()

    def stop_reading(self) -> None:
        """Read nothing from the next piece on."""
        self._reads = Event()

    def read_on(self) -> None:
        """Read again."""
        self._reads.set()

    async def run(self) -> None:
        """Play until the line is closed."""
        async with create_task_group() as tasks:
            if isinstance(self._far, Confirms):
                tasks.start_soon(self._confirm, self._far)
            try:
                while True:
                    await self._reads.wait()
                    heard = await self._far.hear()
                    await self._reads.wait()
                    self._take(heard)
            except GONE:
                self.ended = True
            tasks.cancel_scope.cancel()

    def _take(self, heard: bytes | Cleared | Mark) -> None:
        now = current_time()
        match heard:
            case Cleared():
                self._pieces = self._played(now)
                self.free_at = min(self.free_at, now)
                self._marks = deque((min(at, now), mark) for at, mark in self._marks)
                self.cleared.append(now)
            case Mark():
                self._marks.append((max(now, self.free_at), heard.name))
            case _:
                self._play(heard, now)
                return
        self._news.set()

    def _play(self, data: bytes, now: float) -> None:
        seconds = len(data) / self._format.bytes_per_second
        if self.free_at < now:
            if self._pieces:
                self.dry += now - self.free_at
            self.free_at = now + self._delay
        self.arrived.append((now, seconds))
        self._pieces.append(_Piece(self.free_at, data))
        self.free_at += seconds

    async def _confirm(self, far: Confirms) -> None:
        while True:
            now, news = current_time(), Event()
            due = self._marks[0][0] if self._marks else math.inf
            if due <= now + TICK:
                with suppress(*GONE):
                    await far.confirm(self._marks.popleft()[1])
                continue
            self._news = news
            with move_on_after(due - now):
                await news.wait()

    def _played(self, now: float) -> list[_Piece]:
        """The pieces as far as they were heard by now."""
        whole = self._format.sample_bytes
        heard: list[_Piece] = []
        for piece in self._pieces:
            samples = round(max(now - piece.begins, 0.0) * self._format.rate)
            if samples:
                heard.append(_Piece(piece.begins, piece.data[: samples * whole]))
        return heard

    def heard(self) -> bytes:
        """All that was heard by now, without the silence in between."""
        return b"".join(piece.data for piece in self._played(current_time()))

    def position(self) -> float:
        """Seconds of it."""
        return len(self.heard()) / self._format.bytes_per_second

    @property
    def got(self) -> bytes:
        """All that has come and was not cleared, whether or not it was heard yet."""
        return b"".join(piece.data for piece in self._pieces)

"""The output audio buffer of a call: audio is made faster than it is played."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from math import inf
from typing import Literal, NamedTuple

import numpy as np

from voxpipe.simulator.audio.sound import VOICE_RATE, WireFormat


@dataclass(slots=True)
class PlayedAudio:
    """A reply, as far as it was played to the caller.

    Attributes:
        response_id: whose audio it is.
        format: of ``data``.
        data: what was played.
        cut: whether more was to come.
    """

    response_id: str
    format: WireFormat
    data: bytearray = field(default_factory=bytearray, repr=False)
    cut: bool = False


class QueuedAudio(NamedTuple):
    """A piece of audio with its time: ``start`` to ``end``, in seconds."""

    response_id: str
    item_id: str
    format: WireFormat
    data: bytes
    start: float
    end: float


class BufferChange(NamedTuple):
    """What happened to the output audio buffer: an event's last name, and whose."""

    what: Literal["started", "stopped", "cleared"]
    response_id: str


class OutputAudioBuffer:
    """What is to be played, and what has been."""

    def __init__(self) -> None:
        self._queue: deque[QueuedAudio] = deque()  # no more than was generated
        self._end = 0.0  # when all of them have been played
        self._done: set[str] = set()  # responses of which no more audio comes
        self._current: PlayedAudio | None = None
        self._made_ms: dict[str, float] = {}  # by item of what plays
        self._played_ms: dict[str, float] = {}  # by the same
        self._ended: list[PlayedAudio] = []
        self._leaving: bytearray | None = None  # since somebody has asked for it

    @property
    def next(self) -> float:
        """When `advance` has something to do; ``inf`` when never."""
        if not self._queue:
            done = self._current is not None and self._current.response_id in self._done
            return self._end if done else inf
        first, current = self._queue[0], self._current
        begun = current is not None and current.response_id == first.response_id
        return first.end if begun else first.start

    def play(
        self,
        response_id: str,
        item_id: str,
        data: bytes,
        format: WireFormat,
        now: float,
    ) -> None:
        """Put audio behind what is there."""
        start = max(now, self._end)
        ms = len(data) / format.bytes_per_ms
        self._end = start + ms / 1000
        self._made_ms[item_id] = self._made_ms.get(item_id, 0.0) + ms
        self._queue.append(
            QueuedAudio(response_id, item_id, format, data, start, self._end)
        )
        if self._leaving is not None:
            samples = format.samples(data)
            # Of a telephone's format each stands for three: nobody asked for its sound.
            self._leaving += np.repeat(samples, VOICE_RATE // format.rate).tobytes()

    def finish(self, response_id: str) -> None:
        """No more audio of this response comes."""
        waiting = {piece.response_id for piece in self._queue}
        if self._current is not None:
            waiting.add(self._current.response_id)
        if response_id in waiting:
            self._done.add(response_id)

    def advance(self, now: float) -> list[BufferChange]:
        """Let time pass; says what has started and stopped."""
        changes: list[BufferChange] = []
        while self._queue and self._queue[0].start <= now:
            piece = self._queue[0]
            if self._current is None or self._current.response_id != piece.response_id:
                if self._current is not None:
                    changes.append(self._over("stopped"))
                self._current = PlayedAudio(piece.response_id, piece.format)
                changes.append(BufferChange("started", piece.response_id))
            if piece.end > now:
                break
            self._queue.popleft()
            self._take(piece, len(piece.data))
        current = self._current
        drained = not self._queue and self._end <= now
        if current is not None and drained and current.response_id in self._done:
            changes.append(self._over("stopped"))
        return changes

    def cut(self, now: float) -> tuple[list[BufferChange], dict[str, int]]:
        """Stop playing, and forget what waits.

        Returns:
            What has changed, and how many ms were played of each item that was cut.
        """
        changes = self.advance(now)
        if self._queue and self._queue[0].start <= now:
            piece = self._queue[0]
            ms = int((now - piece.start) * 1000)
            self._take(piece, ms * piece.format.bytes_per_ms)
        self._queue.clear()
        if self._leaving is not None:
            self._leaving.clear()
        self._end = now
        cut = {
            item_id: int(self._played_ms.get(item_id, 0.0))
            for item_id, length in self._made_ms.items()
            if self._played_ms.get(item_id, 0.0) < length
        }
        if self._current is not None:
            self._current.cut = True
            changes.append(self._over("cleared"))
        return changes, cut

    def sound(self, size: int) -> bytes:
        """What leaves next for the caller: 16-bit mono at 24 kHz, if there is any.

        A line that stands still for a moment is late with it, and loses none. What is
        told of playing goes by the clock all the same.
        """
        if self._leaving is None:
            self._leaving = bytearray()
        sound = bytes(self._leaving[:size])
        del self._leaving[:size]
        return sound

    def played(self) -> list[PlayedAudio]:
        """The replies that have ended since the last time this was asked."""
        played, self._ended = self._ended, []
        return played

    def _take(self, piece: QueuedAudio, size: int) -> None:
        assert self._current is not None
        self._current.data += piece.data[:size]
        ms = size / piece.format.bytes_per_ms
        self._played_ms[piece.item_id] = self._played_ms.get(piece.item_id, 0.0) + ms

    def _over(self, what: Literal["stopped", "cleared"]) -> BufferChange:
        assert self._current is not None
        over, self._current = self._current, None
        self._ended.append(over)
        self._done.discard(over.response_id)
        if not self._queue:
            self._made_ms.clear()
            self._played_ms.clear()
        return BufferChange(what, over.response_id)

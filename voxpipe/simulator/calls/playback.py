"""What the caller hears, and when: audio is made faster than it is played."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from voxpipe.simulator.audio.sound import WireFormat


@dataclass(slots=True)
class Heard:
    """A reply, as far as the caller has heard it.

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


class Piece(NamedTuple):
    """A piece of audio with its time: ``start`` to ``end``, in seconds."""

    response_id: str
    item_id: str
    format: WireFormat
    data: bytes
    start: float
    end: float


class Change(NamedTuple):
    """What happened to the output audio buffer: an event's last name, and whose."""

    what: Literal["started", "stopped", "cleared"]
    response_id: str


class Playback:
    """The output audio buffer of a call."""

    def __init__(self) -> None:
        self._pieces: deque[Piece] = deque()  # no more than was generated
        self._end = 0.0  # when all of them have been played
        self._done: set[str] = set()  # responses of which no more audio comes
        self._current: Heard | None = None
        self._lengths: dict[str, float] = {}  # ms generated, by item of what plays
        self._played: dict[str, float] = {}  # ms, by the same
        self._heard: list[Heard] = []

    @property
    def next(self) -> float | None:
        """When `advance` has something to do; ``None`` when never."""
        if not self._pieces:
            done = self._current is not None and self._current.response_id in self._done
            return self._end if done else None
        first, current = self._pieces[0], self._current
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
        self._lengths[item_id] = self._lengths.get(item_id, 0.0) + ms
        self._pieces.append(Piece(response_id, item_id, format, data, start, self._end))

    def finish(self, response_id: str) -> None:
        """No more audio of this response comes."""
        waiting = {piece.response_id for piece in self._pieces}
        if self._current is not None:
            waiting.add(self._current.response_id)
        if response_id in waiting:
            self._done.add(response_id)

    def advance(self, now: float) -> list[Change]:
        """Let time pass; says what has started and stopped."""
        changes: list[Change] = []
        while self._pieces and self._pieces[0].start <= now:
            piece = self._pieces[0]
            if self._current is None or self._current.response_id != piece.response_id:
                if self._current is not None:
                    changes.append(self._over("stopped"))
                self._current = Heard(piece.response_id, piece.format)
                changes.append(Change("started", piece.response_id))
            if piece.end > now:
                break
            self._pieces.popleft()
            self._take(piece, len(piece.data))
        current = self._current
        drained = not self._pieces and self._end <= now
        if current is not None and drained and current.response_id in self._done:
            changes.append(self._over("stopped"))
        return changes

    def cut(self, now: float) -> tuple[list[Change], dict[str, int]]:
        """Stop playing, and forget what waits.

        Returns:
            What has changed, and how many ms were heard of each item that was cut.
        """
        changes = self.advance(now)
        if self._pieces and self._pieces[0].start <= now:
            piece = self._pieces[0]
            ms = int((now - piece.start) * 1000)
            self._take(piece, ms * piece.format.bytes_per_ms)
        self._pieces.clear()
        self._end = now
        cut = {
            item_id: int(self._played.get(item_id, 0.0))
            for item_id, length in self._lengths.items()
            if self._played.get(item_id, 0.0) < length
        }
        if self._current is not None:
            self._current.cut = True
            changes.append(self._over("cleared"))
        return changes, cut

    def heard(self) -> list[Heard]:
        """The replies that have ended since the last time this was asked."""
        heard, self._heard = self._heard, []
        return heard

    def _take(self, piece: Piece, size: int) -> None:
        assert self._current is not None
        self._current.data += piece.data[:size]
        ms = size / piece.format.bytes_per_ms
        self._played[piece.item_id] = self._played.get(piece.item_id, 0.0) + ms

    def _over(self, what: Literal["stopped", "cleared"]) -> Change:
        assert self._current is not None
        over, self._current = self._current, None
        self._heard.append(over)
        self._done.discard(over.response_id)
        if not self._pieces:
            self._lengths.clear()
            self._played.clear()
        return Change(what, over.response_id)

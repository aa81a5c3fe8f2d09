"""What a device was given and has not yet played, and how far it is by now.

A queue of pieces, each with the moment at which our clock has the device begin it. The
device may be late: a carrier has its own buffers. How late, `DeviceBuffer.confirm`
learns from what the device tells; nothing here ever waits for that.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from .audioframe import AudioFrame
from .turn import Turn

LAG_LIMIT = 2.0  # seconds; a device that claims to be later than this is not believed
HALF_A_SAMPLE = 1e-5  # seconds, at 48 kHz; what sums of lengths are rounded by is less
TICK = 1e-6  # seconds; by so much a clock may wake us too early, to wake us once


@dataclass(slots=True, eq=False)
class Piece:
    """Audio on the device.

    Attributes:
        frame: what was written.
        begins: when the device plays its first sample, if it is not late.
    """

    frame: AudioFrame
    begins: float

    @property
    def ends(self) -> float:
        """When it has played the last."""
        return self.begins + self.frame.duration

    def played(self, now: float) -> float:
        """Seconds of it that were heard: of a cut turn, what its ledger has frozen."""
        turn = self.frame.turn
        if turn is not None and turn.is_cut:
            played = turn.played - self.frame.start
        else:
            played = now - self.begins
        return min(max(played, 0.0), self.frame.duration)


class DeviceBuffer:
    """The pieces on a device.

    Args:
        taken: up to how many seconds of a turn the device itself has, where it says so;
            what it has not taken was not played, however late it is.

    Attributes:
        free_at: when all of it will have been played; ``-inf`` if nothing was written
            since it was last cleared.
    """

    def __init__(self, taken: Callable[[Turn], float] | None = None) -> None:
        self.free_at = -math.inf
        self._taken = taken
        self._pieces: deque[Piece] = deque()
        self._lag = 0.0  # seconds by which the device is behind our clock
        self._confirmed: Turn | None = None
        self._confirmed_before: Turn | None = None
        self._confirmed_to = 0.0

    def __bool__(self) -> bool:
        return bool(self._pieces)

    def add(self, frame: AudioFrame, now: float) -> Piece:
        """The device was given ``frame``, and plays it after what it has."""
        piece = Piece(frame, max(now, self.free_at))
        self.free_at = piece.ends
        self._pieces.append(piece)
        return piece

    def holds(self, turn: Turn) -> bool:
        """Whether some of ``turn`` was not played yet."""
        return any(piece.frame.turn is turn for piece in self._pieces)

    def position(self, turn: Turn, now: float) -> float:
        """How far into ``turn`` the device is, as far as that is still in here."""
        now -= self.lag(turn)
        position = max(
            (
                piece.frame.start + min(now - piece.begins, piece.frame.duration)
                for piece in self._pieces
                if piece.frame.turn is turn and piece.begins < now
            ),
            default=0.0,
        )
        return position if self._taken is None else min(position, self._taken(turn))

    def end_of(self, turn: Turn) -> float:
        """How far the device will come in ``turn`` if nobody clears it."""
        ends = [each.frame.end for each in self._pieces if each.frame.turn is turn]
        return max(ends, default=0.0)

    def played_at(self) -> float:
        """When the first piece will have been played."""
        if not self._pieces:
            return math.inf
        return self._played_at(self._pieces[0], self._pieces[0].ends)

    def all_played_at(self) -> float:
        """When the last one will have been."""
        if not self._pieces:
            return math.inf
        return self._played_at(self._pieces[-1], self.free_at)

    def _played_at(self, piece: Piece, ends: float) -> float:
        turn = piece.frame.turn
        if self._taken is None or turn is None or turn.is_cut:
            return ends + self.lag(turn)
        if self._taken(turn) < piece.frame.end - HALF_A_SAMPLE:
            return math.inf  # until it has: whoever confirms that, wakes
        return ends + self.lag(turn)

    def pop_played(self, now: float) -> Iterator[tuple[Piece, float]]:
        """Let go of what was played to its end, with the seconds that were heard."""
        while self._pieces and self.played_at() <= now + TICK:
            piece = self._pieces.popleft()
            yield piece, piece.played(math.inf)

    def take_back(self, now: float) -> list[tuple[Piece, float]]:
        """The device was cleared at ``now``: what it held, and how far it had come."""
        taken = [(piece, self._gone(piece, now)) for piece in self._pieces]
        self._pieces.clear()
        self.free_at = -math.inf
        return taken

    def _gone(self, piece: Piece, now: float) -> float:
        """Seconds of a piece that no clear takes back."""
        turn, frame = piece.frame.turn, piece.frame
        played = piece.played(now - self.lag(turn))
        if self._taken is None or turn is None:
            return played
        return min(max(played, self._taken(turn) - frame.start), frame.duration)

    # --- the device's own word

    def confirm(self, turn: Turn, position: float, now: float) -> bool:
        """The device has played ``turn`` up to ``position``; whether that is news."""
        pieces = [piece for piece in self._pieces if piece.frame.turn is turn]
        if not pieces or not position >= 0.0:
            return False  # carriers also confirm what they were told to forget
        if turn is self._confirmed and position < self._confirmed_to:
            return False  # overtaken on its way
        piece = next((p for p in pieces if position < p.frame.end), pieces[-1])
        into = min(position - piece.frame.start, piece.frame.duration)
        lag = now - (piece.begins + into)
        self._lag = min(max(lag, -LAG_LIMIT), LAG_LIMIT)
        if turn is not self._confirmed:
            self._confirmed_before = self._confirmed
        self._confirmed, self._confirmed_to = turn, position
        return True

    def is_confirmed(self, turn: Turn) -> bool:
        """Whether the device has spoken of this turn, one of the last two."""
        return turn is self._confirmed or turn is self._confirmed_before

    def lag(self, turn: Turn | None) -> float:
        """Seconds by which the device is later with ``turn`` than our clock."""
        # It cannot be early with what it has not spoken of: it was given that just now.
        return self._lag if turn is self._confirmed else max(self._lag, 0.0)

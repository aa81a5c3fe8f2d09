"""Numbered pieces, put right: those that came out of order, twice, or not at all.

A piece that is missing is waited for until so many later ones are here, and then it is
given up. So nothing waits without a bound, and what comes in order does not wait.
"""

from __future__ import annotations

from typing import Generic, TypeVar

HELD = 3  # pieces: 60 ms of audio that nobody hears before the missing one is given up
JUMP = 1_000  # numbers, 20 s of audio: by so many none is late, but counted anew

Piece = TypeVar("Piece")


class Reorder(Generic[Piece]):
    """Puts the pieces of one stream in order, by their numbers.

    Args:
        held: pieces at most that wait for one that is missing.

    Attributes:
        lost: numbers that were given up.
        dropped: pieces that came twice, or after they were given up.
    """

    def __init__(self, held: int = HELD) -> None:
        self.lost = 0
        self.dropped = 0
        self._most = held
        self._next: int | None = None  # the number that is due
        self._held: dict[int, Piece] = {}

    def feed(self, number: int, piece: Piece) -> list[Piece]:
        """One more piece; returns those whose turn it is now, in order."""
        due = self._next
        if due is None or abs(number - due) > JUMP:
            rest = [self._held[each] for each in sorted(self._held)]
            self._held.clear()
            self._next = number + 1
            return [*rest, piece]
        if number < due or number in self._held:
            self.dropped += 1
            return []
        if number == due and not self._held:
            self._next = due + 1
            return [piece]
        self._held[number] = piece
        if number != due and len(self._held) > self._most:
            first = min(self._held)
            self.lost += first - due
            self._next = first
        return self._drain()

    def _drain(self) -> list[Piece]:
        ready: list[Piece] = []
        due = self._next
        while due is not None and due in self._held:
            ready.append(self._held.pop(due))
            due += 1
        self._next = due
        return ready

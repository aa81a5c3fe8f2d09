"""How far a reply was played, where there is no sink that would know."""

from __future__ import annotations

from voxpipe.pipeline import Basis, Turn


class Played:
    """A playhead that is where it is told to be.

    Attributes:
        seconds: of each reply.
    """

    def __init__(self) -> None:
        self.seconds: dict[Turn, float] = {}

    def plays(self, turn: Turn, seconds: float) -> None:
        """So much of a reply was played by now."""
        self.seconds[turn] = seconds
        turn.playing_on(self)
        turn.note_played(seconds, "measured")

    def position(self, turn: Turn) -> tuple[float, Basis]:
        """What it was told."""
        return self.seconds[turn], "measured"

"""What the caller hears when another session is long in coming: the program's line.

It is said once, when what was in store has been played, and never while the caller
speaks. In the middle of a reply it becomes part of that: it can be cut like the rest.
"""

from __future__ import annotations

from collections.abc import Iterator

from voxpipe.pipeline import AudioFrame

from .outbox import Outbox
from .response import Response
from .responses import Responses

AFTER = 1.5  # seconds; a pause that is longer makes people ask whether anybody is there
LOOK_INTERVAL = 0.25  # seconds, while something else is heard
PIECE = 0.25  # seconds of a frame, as the service sends them


class Meanwhile:
    """Says it, while there is no session.

    Args:
        responses: what is played; the line becomes one of them, or part of one.
        outbox: told of it.
        say: the line.
        lost_at: when the session was lost.

    Attributes:
        due: when it may be said, until it was.
    """

    def __init__(
        self, responses: Responses, outbox: Outbox, say: AudioFrame, lost_at: float
    ) -> None:
        self._responses = responses
        self._outbox = outbox
        self._say = say
        self.due: float | None = lost_at + AFTER

    def advance(self, now: float, *, is_free: bool) -> None:
        """Say it if it is due, and nothing else is heard."""
        if self.due is None or now < self.due:
            return
        spoken = self._responses.spoken
        if not is_free or any(each.store for each in spoken):
            self.due = now + LOOK_INTERVAL
        elif self._responses.turn is None:
            self.due = None
            self._say_alone(self._say)
        elif spoken[0].store.closed:  # its end is on its way to the ear
            self.due = now + LOOK_INTERVAL
        else:
            self.due = None
            self._put(self._say, spoken[0])

    def _say_alone(self, line: AudioFrame) -> None:
        # Out of band, as no session knows of it: nothing is taken back when it is cut.
        response = self._responses.new({"conversation": "none"})
        self._put(line, response)
        response.end("")
        response.settle("completed")
        self._responses.spoken.append(response)
        self._outbox.begin(response.turn)

    def _put(self, line: AudioFrame, response: Response) -> None:
        turn = response.turn
        for piece in _pieces(line):
            start = turn.grow(piece.duration)
            response.store.put(piece.moved(start=start, turn=turn))
        self._outbox.stirred = True


def _pieces(line: AudioFrame) -> Iterator[AudioFrame]:
    while line.duration > PIECE:
        yield line.before(PIECE)
        line = line.after(PIECE)
    if line.size:
        yield line

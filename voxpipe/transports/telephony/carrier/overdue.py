"""Whether the carrier still plays what it is sent: its marks say so, or are overdue.

What a peer does not read its own system takes for it, up to its receive buffer, which
grows to megabytes: minutes of a call, before we would notice. But a carrier that has
once returned a mark returns others, each when the audio before it was played.

Some marks are lost, and later ones stand for them: so several have to be overdue, twice
as many as were ever lost in turn. Marks are late by the way there and back: so they
have more time than any has taken. A carrier that has never returned one says nothing by
its silence.
"""

from __future__ import annotations

import math
from collections import deque

from voxpipe.pipeline import AudioFrame

GRACE = (
    1.5  # seconds after its audio was to have been played: a way of 1 s is a bad one
)
ENOUGH = 3  # marks, at the least; 0.3 s of a reply, or more
MOST_LATE = 5.0  # seconds that are believed to be the way there and back
_MAX_OUT = 64  # marks; as many as `Marks` remembers


class Overdue:
    """When the marks that are out should have returned."""

    def __init__(self) -> None:
        self._free_at = -math.inf  # when all that was sent will have been played
        self._out: deque[tuple[str, float]] = deque(maxlen=_MAX_OUT)
        self._answers = False
        self._enough = ENOUGH
        self._late = 0.0  # seconds by which a mark was late, at most

    def sent(self, frame: AudioFrame, name: str | None, now: float) -> None:
        """The carrier has it, and plays it after what it has.

        Args:
            frame: the audio.
            name: of a mark behind it, if there is one.
            now: in seconds.
        """
        self._free_at = max(now, self._free_at) + frame.duration
        if name is not None:
            self._out.append((name, self._free_at))

    def returned(self, name: str, now: float) -> None:
        """A mark has come back; unknown ones are passed over."""
        for position, (each, due) in enumerate(self._out):
            if each == name:
                self._answers = True
                self._enough = max(self._enough, min(2 * position, _MAX_OUT // 2))
                self._late = max(self._late, min(now - due, MOST_LATE))
                for _ in range(position + 1):  # they come in order
                    self._out.popleft()
                return

    def forget(self) -> None:
        """The carrier was cleared."""
        self._out.clear()
        self._free_at = -math.inf

    def since(self, now: float) -> float | None:
        """When the first of those was due that do not return; ``None`` if all is well.

        It says so from when several of them are overdue.
        """
        if not self._answers or len(self._out) < self._enough:
            return None
        _, due = self._out[self._enough - 1]
        return self._out[0][1] if now > due + self._late + GRACE else None

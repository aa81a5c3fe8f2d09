"""The marks that are out: which position of which reply each of them stands for.

A carrier without marks may tell when it begins to play, and when it has played all.
"""

from __future__ import annotations

from voxpipe.pipeline import AudioFrame, Turn

MARK_INTERVAL = 0.1  # seconds of audio; each mark costs a message there and back
MAX_MARKS = 64  # marks that are out; with a lead of 0.2 s, some seconds on their way


class Marks:
    """Names marks, and knows them again.

    The first frame of a reply gets one, so that each reply is measured as soon as it
    sounds, and then the frame with which `MARK_INTERVAL` has come together. What
    follows the last mark of a reply is less than that, and our clock is right by then.
    """

    def __init__(self) -> None:
        self._out: dict[str, tuple[Turn, float]] = {}  # in the order of their sending
        self._turn: Turn | None = None
        self._unmarked = 0.0  # seconds sent since the last mark
        self._count = 0
        self._first: tuple[Turn, float] | None = None  # sent since all was played
        self._last: tuple[Turn, float] | None = None

    def __len__(self) -> int:
        return len(self._out)

    def after(self, frame: AudioFrame) -> str | None:
        """The name of a mark to be sent behind ``frame``, if one is due."""
        turn = frame.turn
        if turn is None:
            return None
        self._last = turn, frame.end
        self._first = self._first or (turn, frame.start)
        self._unmarked += frame.duration
        if turn is self._turn and self._unmarked < MARK_INTERVAL:
            return None
        self._turn, self._unmarked = turn, 0.0
        if len(self._out) >= MAX_MARKS:
            del self._out[next(iter(self._out))]  # the carrier has lost it
        self._count += 1
        name = str(self._count)
        self._out[name] = turn, frame.end
        return name

    def returned(self, name: str) -> tuple[Turn, float] | None:
        """The reply, and the seconds of it that were played, for a mark of ours.

        ``None`` for one that is not out: forgotten, repeated, or never sent.
        """
        found = self._out.get(name)
        if found is not None:
            for each in tuple(self._out):  # they come in order: earlier ones are lost
                del self._out[each]
                if each == name:
                    break
        return found

    def sounding(self) -> tuple[Turn, float] | None:
        """The reply that begins to sound, and the seconds of it that have by now."""
        return self._first

    def played(self) -> tuple[Turn, float] | None:
        """Likewise, when all that was sent was played."""
        last = self._last
        self._first = self._last = None
        return last

    def forget(self) -> None:
        """The carrier was cleared: it returns all marks, and they mean nothing."""
        self._out.clear()
        self._turn = self._first = self._last = None

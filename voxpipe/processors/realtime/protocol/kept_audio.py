"""The caller's audio that a lost session would take with it, kept until it is safe.

Audio is safe when it stands in an item whose words are known: those can be told to
another session. Until then it is kept, 10 s of what is in no item and 10 s of items
without words, so that each sample is told to another session once: as audio of the
caller's, in an item, or not at all where it is older than that.

Times are seconds of audio that this session was sent, as the service counts them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Iterator

from voxpipe.pipeline import AudioFrame

MAX_KEPT = 10.0  # seconds of each of both; in pcm16 of 24 kHz 480 kB
PIECE = 1.0  # seconds of audio in a message when it is sent again


class KeptAudio:
    """Keeps it.

    Attributes:
        lost: seconds that were not kept and that no item has.
    """

    def __init__(self) -> None:
        self._frames: deque[AudioFrame] = deque()  # that no item has
        self._begin = self._end = 0.0  # of these
        self._cut_at = 0.0  # where the last item ended
        self._commits: deque[float] = deque()  # of ours, not confirmed: where they cut
        self._spans: dict[str, tuple[float, float | None]] = {}  # of turns, by item
        self._items: dict[str, list[AudioFrame]] = {}  # those without words
        self._items_seconds = 0.0
        self._needed = 0.0  # where that begins which another session has to hear
        self.lost = 0.0

    # --- what is sent

    def append(self, frame: AudioFrame) -> None:
        """So much more was sent: done for every frame."""
        self._frames.append(frame)
        self._end += frame.duration
        if self._end - self._begin > MAX_KEPT:
            self._begin += self._frames.popleft().duration

    def commit(self) -> None:
        """A turn is closed from here, with all that was sent until now."""
        self._commits.append(self._end)

    def clear(self) -> None:
        """What is in no turn is thrown away."""
        self._keep_until(self._commits[-1] if self._commits else self._begin)

    # --- what the service says

    def started(self, item_id: str, at: float) -> None:
        """It hears a turn of the caller's begin, which will have this name."""
        self._spans = {item_id: (at, None)}  # it hears one at a time

    def stopped(self, item_id: str, at: float) -> None:
        """It hears it end, so much of the audio later."""
        start, _ = self._spans.get(item_id, (0.0, None))
        self._spans = {item_id: (start, at)}

    def committed(self, item_id: str, *, is_wanted: bool) -> None:
        """A turn has become an item.

        Args:
            item_id: its name.
            is_wanted: it will have no words for a while, or for ever.
        """
        start, end = self._spans.pop(item_id, (0.0, None))
        if end is None:
            end = self._commits.popleft() if self._commits else self._end
        self._cut(start)
        frames = self._cut(end)
        self._cut_at = end
        if is_wanted and frames:
            self._items[item_id] = frames
            self._items_seconds += _seconds(frames)
            self._bound_items()

    def known(self, item_id: str) -> None:
        """The words of an item are known, or it is gone."""
        frames = self._items.pop(item_id, None)
        if frames is not None:
            self._items_seconds -= _seconds(frames)

    # --- for another session

    @property
    def items(self) -> Collection[str]:
        """Those whose audio is kept."""
        return self._items

    def take(self, item_id: str) -> list[AudioFrame]:
        """The audio of an item, which is to be sent again."""
        frames = self._items.get(item_id, [])
        self.known(item_id)
        return list(pieces(frames))

    @property
    def closing(self) -> bool:
        """A turn has ended, as the service says, and is no item yet."""
        return any(end is not None for _, end in self._spans.values())

    @property
    def speaking(self) -> bool:
        """The service hears the caller speak."""
        return any(end is None for _, end in self._spans.values())

    def lose(self, *, is_heard: bool) -> None:
        """The session is lost.

        Args:
            is_heard: it listens for turns itself: what is in none was silence.
        """
        starts = [start for start, _ in self._spans.values()]
        self._needed = self._end if is_heard else self._cut_at
        self._needed = min([self._needed, *starts, *self._commits])

    def replayed(self) -> tuple[list[list[AudioFrame]], list[AudioFrame]]:
        """What no item has: the turns that were closed from here, and the rest.

        From here on the counting begins anew, and what is sent again is kept again.
        """
        self.lost = max(0.0, self._begin - self._needed)
        turns = [self._cut(end) for end in self._commits]
        rest = self._cut(self._end)
        self._commits.clear()
        self._spans.clear()
        self._begin = self._end = self._cut_at = 0.0
        return [list(pieces(turn)) for turn in turns], list(pieces(rest))

    # --- inner workings

    def _cut(self, end: float) -> list[AudioFrame]:
        """Take out what was sent before ``end``, to the sample."""
        taken: list[AudioFrame] = []
        while self._frames and self._begin < end - _ROUNDING:
            frame = self._frames.popleft()
            length = end - self._begin
            if frame.duration > length + _ROUNDING:
                first, rest = frame.before(length), frame.after(length)
                self._frames.appendleft(rest)
                frame = first
                if not frame.size:
                    break
            self._begin += frame.duration
            taken.append(frame)
        return taken

    def _keep_until(self, end: float) -> None:
        """Forget what was sent after ``end``; the counting goes on."""
        begin = self._begin
        kept = self._cut(end)
        self._frames = deque(kept)
        self._begin = begin if kept else self._end
        self._cut_at = self._end

    def _bound_items(self) -> None:
        while self._items_seconds > MAX_KEPT and self._items:
            self.known(next(iter(self._items)))


_ROUNDING = 1e-6  # seconds; less than a sample of any rate


def pieces(frames: Iterable[AudioFrame]) -> Iterator[AudioFrame]:
    """The same audio in few frames: it goes out faster than it was heard."""
    group: list[AudioFrame] = []
    for frame in frames:
        group.append(frame)
        if _seconds(group) >= PIECE:
            yield _joined(group)
            group = []
    if group:
        yield _joined(group)


def _joined(frames: list[AudioFrame]) -> AudioFrame:
    first = frames[0]
    data = b"".join(frame.data for frame in frames)
    return AudioFrame(data=data, format=first.format, start=first.start)


def _seconds(frames: Iterable[AudioFrame]) -> float:
    return sum(frame.duration for frame in frames)

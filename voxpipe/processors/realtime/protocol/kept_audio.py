"""The caller's audio that a lost session would take with it, kept until it is safe.

Audio is safe when it stands in an item whose words are known: those can be told to
another session. Until then it is kept, 10 s of what is in no item and 10 s of items
without words, so that each sample is told to another session once: as audio of the
caller's, in an item, or not at all where it is older than that.

It is kept as bytes in one place and not as the frames that it came in, which take
twice as much. Places are bytes of all audio that this session was sent; the service
tells them in milliseconds.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection

from voxpipe.pipeline import AudioFormat, AudioFrame

MAX_KEPT = 10.0  # seconds of each of both; in pcm16 of 24 kHz 480 kB
PIECE = 1.0  # seconds of audio in a message when it is sent again


class KeptAudio:
    """Keeps it.

    Args:
        format: of all that is sent.

    Attributes:
        lost: seconds that were not kept and that no item has.
    """

    def __init__(self, format: AudioFormat) -> None:
        self._format = format
        self._most = format.bytes_in(MAX_KEPT)
        self._data = bytearray()  # that no item has
        self._begin = 0  # of it
        self._cut_at = 0  # where the last item ended
        self._commits: deque[int] = deque()  # of ours, not confirmed: where they cut
        self._spans: dict[str, tuple[int, int | None]] = {}  # of turns, by item
        self._items: dict[str, bytes] = {}  # those without words
        self._needed = 0  # where that begins which another session has to hear
        self.lost = 0.0

    # --- what is sent

    def append(self, frame: AudioFrame) -> None:
        """So much more was sent: done for every frame."""
        data = self._data
        data += frame.data
        if (over := len(data) - self._most) > 0:
            del data[:over]  # moves nothing: a bytearray can begin anywhere in itself
            self._begin += over

    def commit(self) -> None:
        """A turn is closed from here, with all that was sent until now."""
        self._commits.append(self._end)

    def clear(self) -> None:
        """What is in no turn is thrown away; the counting goes on."""
        end = self._commits[-1] if self._commits else 0
        kept = max(0, end - self._begin)
        gone = len(self._data) - kept
        del self._data[kept:]
        # What is left moves up to where the next comes: only commits point to it.
        self._begin += gone
        self._commits = deque(each + gone for each in self._commits)
        self._cut_at = self._end

    # --- what the service says

    def started(self, item_id: str, at: float) -> None:
        """It hears a turn of the caller's begin, which will have this name.

        Args:
            item_id: the name.
            at: seconds of the audio that this session was sent.
        """
        self._spans = {item_id: (self._format.bytes_in(at), None)}  # one at a time

    def stopped(self, item_id: str, at: float) -> None:
        """It hears it end, so much of the audio later."""
        start, _ = self._spans.get(item_id, (0, None))
        self._spans = {item_id: (start, self._format.bytes_in(at))}

    def committed(self, item_id: str, *, is_wanted: bool) -> None:
        """A turn has become an item.

        Args:
            item_id: its name.
            is_wanted: it will have no words for a while, or for ever.
        """
        start, end = self._spans.pop(item_id, (0, None))
        if end is None:
            end = self._commits.popleft() if self._commits else self._end
        self._cut(start)
        data = self._cut(end)
        self._cut_at = end
        if is_wanted and data:
            self._items[item_id] = data
            self._bound_items()

    def known(self, item_id: str) -> None:
        """The words of an item are known, or it is gone."""
        self._items.pop(item_id, None)

    # --- for another session

    @property
    def items(self) -> Collection[str]:
        """Those whose audio is kept."""
        return self._items

    def take(self, item_id: str) -> list[AudioFrame]:
        """The audio of an item, which is to be sent again."""
        return self._pieces(self._items.pop(item_id, b""))

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
        missing = max(0, self._begin - self._needed)
        self.lost = missing / self._format.bytes_per_second
        turns = [self._cut(end) for end in self._commits]
        rest = self._cut(self._end)
        self._commits.clear()
        self._spans.clear()
        self._begin = self._cut_at = 0
        return [self._pieces(turn) for turn in turns], self._pieces(rest)

    # --- inner workings

    @property
    def _end(self) -> int:
        return self._begin + len(self._data)

    def _cut(self, end: int) -> bytes:
        """Take out what was sent before ``end``."""
        size = max(0, end - self._begin)
        taken = bytes(self._data[:size])
        del self._data[:size]
        self._begin += len(taken)
        return taken

    def _bound_items(self) -> None:
        while sum(map(len, self._items.values())) > self._most:
            self.known(next(iter(self._items)))

    def _pieces(self, data: bytes) -> list[AudioFrame]:
        """The audio in few frames: it goes out faster than it was heard."""
        size = self._format.bytes_in(PIECE)
        return [
            AudioFrame(data=data[start : start + size], format=self._format)
            for start in range(0, len(data), size)
        ]

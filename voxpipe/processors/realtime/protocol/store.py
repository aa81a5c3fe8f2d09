"""The audio of one reply that nobody has taken yet.

It is bounded, and what does not fit ends the reply instead of the call: the service is
told to stop, what is stored is played, and the outcome says why it is incomplete. The
model makes five seconds of speech or more in one, so this happens to replies of more
than two minutes and a half; a caller who is read to for so long should be asked.
"""

from __future__ import annotations

from collections import deque

from anyio import EndOfStream, Event

from voxpipe.pipeline import AudioFrame

STORE_SECONDS = 120.0


class Store:
    """A queue of audio, bounded in seconds.

    Attributes:
        seconds: how much there is.
        closed: nothing will be added.
    """

    __slots__ = ("_frames", "_news", "closed", "seconds")

    def __init__(self) -> None:
        self._frames: deque[AudioFrame] = deque()
        self._news: Event | None = None
        self.seconds = 0.0
        self.closed = False

    def __len__(self) -> int:
        return len(self._frames)

    def put(self, frame: AudioFrame) -> bool:
        """Keep ``frame``; ``False`` when there is no room for it."""
        if self.seconds + frame.duration > STORE_SECONDS:
            return False
        self._frames.append(frame)
        self.seconds += frame.duration
        self._wake()
        return True

    def take(self) -> AudioFrame | None:
        """The oldest frame, if there is one now."""
        if not self._frames:
            return None
        frame = self._frames.popleft()
        # An empty store holds exactly nothing, whatever the sums were rounded to.
        self.seconds = self.seconds - frame.duration if self._frames else 0.0
        return frame

    async def receive(self) -> AudioFrame:
        """The oldest frame, waiting for it.

        Raises:
            EndOfStream: there will be no more.
        """
        while (frame := self.take()) is None:
            if self.closed:
                raise EndOfStream
            if self._news is None:
                self._news = Event()
            await self._news.wait()
        return frame

    def close(self) -> None:
        """Add no more; what is there can be taken."""
        self.closed = True
        self._wake()

    def clear(self) -> None:
        """Forget all of it, and add no more."""
        self._frames.clear()
        self.seconds = 0.0
        self.close()

    def _wake(self) -> None:
        if self._news is not None:
            self._news.set()
            self._news = None

"""Which of the caller's audio the service is given, and when.

With the service's turn detection, or with turns that the program closes, it gets
everything. With local turns it gets speech only: silence that is committed is paid for
like speech.
"""

from __future__ import annotations

from collections import deque

from voxpipe.pipeline import AudioFrame
from voxpipe.processors.realtime.config.settings import Settings

KEPT = 2.0  # seconds before a mark; a VAD is not later than this in telling
SHORTEST = 0.1  # seconds; the service refuses to commit less


class CallerAudio:
    """The caller's audio on its way to the service."""

    def __init__(self, settings: Settings) -> None:
        self._local = settings.turn_detection == "local"
        self._kept: deque[AudioFrame] = deque()
        self._kept_seconds = 0.0
        self._speaking = not self._local
        self._end = 0.0  # of what has come in, on the stream's own timeline
        self._sent = 0.0  # seconds since the last turn was closed

    def hand_over(self, settings: Settings) -> bool:
        """Turns have another owner; whether what was sent has to be thrown away."""
        self._local = settings.turn_detection == "local"
        self._speaking = not self._local
        self._kept.clear()
        self._kept_seconds = 0.0
        left = self._local and self._sent > 0
        if left:
            self._sent = 0.0
        return left

    @property
    def sent(self) -> float:
        """Seconds that were sent and belong to no turn yet."""
        return self._sent

    @property
    def can_close(self) -> bool:
        """There is enough of it to make a turn."""
        return self._speaking and self._sent >= SHORTEST

    def take(self, frame: AudioFrame) -> tuple[AudioFrame, ...]:
        """What to send, now that this has come in."""
        self._end = frame.start + frame.duration
        if self._speaking:
            self._sent += frame.duration
            return (frame,)
        self._kept.append(frame)
        self._kept_seconds += frame.duration
        while self._kept_seconds - self._kept[0].duration > KEPT:
            self._kept_seconds -= self._kept.popleft().duration
        return ()

    def begin(self, at: float) -> tuple[AudioFrame, ...]:
        """Speech began at ``at``: what to send of the audio from before the mark."""
        if self._speaking:
            return ()
        self._speaking = True
        sent = tuple(each for each in self._kept if each.start + each.duration > at)
        self._kept.clear()
        self._kept_seconds = 0.0
        self._sent = sum(frame.duration for frame in sent)
        return sent

    def behind(self, at: float) -> float:
        """How many seconds of audio have come in since ``at``."""
        return max(0.0, self._end - at)

    def close(self) -> bool:
        """The turn is closed; whether there was enough in it to make one."""
        enough = self.can_close
        self._speaking = not self._local
        self._sent = 0.0
        return enough

"""Which of the caller's audio the service is given, and when.

With the service's turn detection, or none, it gets everything. With local turns it gets
speech only: silence that is committed is paid for like speech.
"""

from __future__ import annotations

from collections import deque

from voxpipe.pipeline import AudioFrame

from .settings import Settings

KEPT = 2.0  # seconds before a mark; a VAD is not later than this in telling
SHORTEST = 0.1  # seconds; the service refuses to commit less


class CallerAudio:
    """The caller's audio on its way to the service."""

    def __init__(self, settings: Settings) -> None:
        self._local = settings.turns == "local"
        self._kept: deque[AudioFrame] = deque()
        self._kept_seconds = 0.0
        self._speaking = not self._local
        self._end = 0.0  # of what has come in, on the stream's own timeline
        self._sent = 0.0  # seconds since the turn began

    @property
    def is_open(self) -> bool:
        """There is audio that belongs to no turn yet."""
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

    def begin(self, at: float) -> list[AudioFrame]:
        """Speech began at ``at``: what to send of the audio from before the mark."""
        if self._speaking:
            return []
        self._speaking = True
        sent = [frame for frame in self._kept if frame.start + frame.duration > at]
        self._kept.clear()
        self._kept_seconds = 0.0
        self._sent = sum(frame.duration for frame in sent)
        return sent

    def end(self, at: float, now: float) -> float | None:
        """Speech ended at ``at``: when that was, or ``None`` if too little was sent."""
        if not self._speaking or not self._local:
            return None
        self._speaking = False
        enough = self._sent >= SHORTEST
        self._sent = 0.0
        return now - max(0.0, self._end - at) if enough else None

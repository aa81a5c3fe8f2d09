"""When the caller fell silent: the service counts audio, people count seconds."""

from __future__ import annotations

from voxpipe.pipeline import Timings


class CallerClock:
    """Relates the audio that was sent to the clock on the wall."""

    def __init__(self) -> None:
        self._seconds = 0.0  # of audio, sent so far
        self._at = 0.0  # when the last of it was
        self._stopped: float | None = None
        self._committed: float | None = None

    def appended(self, seconds: float, now: float) -> None:
        """So much audio has just been sent."""
        self._seconds += seconds
        self._at = now

    def started(self) -> None:
        """The caller has begun a turn."""
        self._stopped = self._committed = None

    def stopped(self, at: float) -> None:
        """The caller's last sound was at ``at``."""
        self._stopped = at

    def stopped_in_audio(self, position: float, now: float) -> None:
        """The caller's last sound is ``position`` seconds into what was sent."""
        behind = max(0.0, self._seconds - position)
        self._stopped = min(now, self._at - behind)

    def committed(self, now: float) -> None:
        """The caller's turn was closed."""
        if self._committed is None:
            self._committed = now

    def note_on(self, timings: Timings) -> None:
        """This reply answers the turn: note there when it ended, once."""
        if self._committed is not None:
            timings.user_stopped, timings.committed = self._stopped, self._committed
        self._stopped = self._committed = None

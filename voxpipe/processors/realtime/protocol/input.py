"""The caller's audio on its way to the service, and where their turns end.

With the service's turn detection, or with turns that the program closes, the service
gets everything. With local turn detection it gets speech only: silence that is
committed is paid for like speech.

The service counts audio, people count seconds: `InputAudio` relates the two, so that a
reply's timings can tell when the caller fell silent.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from voxpipe.pipeline import AudioFrame, Timings
from voxpipe.processors.realtime import events as ev
from voxpipe.processors.realtime.config.turn_detection import ServerVad

from .arbiter import SPEECH_TIMEOUT, Arbiter
from .kept_audio import KeptAudio
from .outbox import Outbox
from .updates import SessionSettings

MAX_KEPT = 2.0  # seconds before a mark; a VAD is not later than this in telling
SHORTEST = 0.1  # seconds; the service refuses to commit less
_SPARE = 0.4  # seconds of silence beyond what ends a turn


class InputAudio:
    """What of the caller's audio is sent, and when.

    Args:
        in_force: who owns the turns.
        arbiter: told whether the caller has the floor.
        outbox: where audio, commits and clears go.

    Attributes:
        kept: keeps what another session would have to hear, if there can be one.
    """

    def __init__(
        self, in_force: SessionSettings, arbiter: Arbiter, outbox: Outbox
    ) -> None:
        self._in_force = in_force
        self._arbiter = arbiter
        self._outbox = outbox
        self._owner: str = in_force.settings.turn_owner
        self._local = in_force.settings.turn_detection == "local"
        self._open = not self._local  # what comes is sent
        self._kept: deque[AudioFrame] = deque()  # from before the mark
        self._kept_seconds = 0.0
        self._end = 0.0  # of what has come in, on the stream's own timeline
        self._sent = 0.0  # seconds since the last turn was closed
        self._appended = 0.0  # seconds of all
        self._appended_at = 0.0  # when the last of it was
        self._clock = CallerClock()
        self.kept: KeptAudio | None = None

    def settings_changed(self, event: ev.SessionEvent, now: float) -> None:
        """Other settings are in force; with a new owner of turns, no turn is open.

        What was sent before local turn detection is thrown away: nobody would close it.
        """
        settings = self._in_force.settings
        if settings.turn_owner == self._owner:
            return
        self._owner = settings.turn_owner
        self._local = settings.turn_detection == "local"
        self._open = not self._local
        self._forget()
        self._arbiter.caller_said_nothing()
        if self._local and self._sent > 0:
            self._sent = 0.0
            self._clear()

    # --- from the caller

    def hear(self, frame: AudioFrame, now: float) -> bool:
        """Audio has come; ``False``, for nothing else moves."""
        self._end = frame.start + frame.duration
        if self._open:
            self._send(frame, now)
            return False
        self._kept.append(frame)
        self._kept_seconds += frame.duration
        while self._kept_seconds - self._kept[0].duration > MAX_KEPT:
            self._kept_seconds -= self._kept.popleft().duration
        return False

    def begin(self, at: float, now: float) -> None:
        """Local turn detection: speech began ``at`` seconds into the stream."""
        self._clock.started()
        if self._open:
            return
        self._open = True
        self._sent = 0.0
        for frame in self._kept:
            if frame.start + frame.duration > at:
                self._send(frame, now)
        self._forget()

    def moment_of(self, at: float, now: float) -> float:
        """When that was, which is ``at`` seconds into the caller's stream."""
        return now - max(0.0, self._end - at)

    @property
    def can_close(self) -> bool:
        """There is enough of it to make a turn."""
        return self._open and self._sent >= SHORTEST

    @property
    def is_ours_to_close(self) -> bool:
        """There is a turn that nobody has closed, and nobody else will."""
        return self._in_force.settings.detection is None and self.can_close

    def close(self, stopped_at: float, now: float) -> bool:
        """Close the caller's turn; whether there was enough in it to answer."""
        # Of a call that the service carries only the service knows how much came.
        enough = self.can_close or self._in_force.settings.call_id is not None
        self._open = not self._local
        self._sent = 0.0
        self._arbiter.caller_stops()
        if not enough:
            self._clear()
            self._arbiter.caller_said_nothing()
            return False
        self._clock.stopped(stopped_at)
        self._clock.committed(now)
        self._commit()
        return True

    def fall_silent(self, now: float) -> None:
        """Let the service find the end of the caller's last words."""
        settings = self._in_force.settings
        if settings.detection is None or not self._sent:
            return
        silence = settings.audio.silence(settings.detection.patience + _SPARE)
        self._send(AudioFrame(data=silence, format=settings.audio), now)

    def _send(self, frame: AudioFrame, now: float) -> None:
        self._outbox.messages.append(frame)
        self._sent += frame.duration
        self._appended += frame.duration
        self._appended_at = now
        if self.kept is not None:
            self.kept.append(frame)

    def _commit(self) -> None:
        if self.kept is not None:
            self.kept.commit()
        self._outbox.send("input_audio_buffer.commit")

    def _clear(self) -> None:
        if self.kept is not None:
            self.kept.clear()
        self._outbox.send("input_audio_buffer.clear")

    def restart(self) -> None:
        """Another session is there, which has heard nothing."""
        self._appended = self._sent = 0.0

    def replay(self, frames: Iterable[AudioFrame], now: float, *, closes: bool) -> None:
        """Have it hear what the one before has heard: a turn, or the open end."""
        for frame in frames:
            self._send(frame, now)
        if closes:
            self._commit()
            self._sent = 0.0

    def _forget(self) -> None:
        self._kept.clear()
        self._kept_seconds = 0.0

    # --- from the service

    def speech_started(self, now: float) -> None:
        """The service's turn detection hears the caller begin."""
        self._clock.started()
        self._arbiter.caller_starts(now + SPEECH_TIMEOUT)

    def speech_stopped(self, event: ev.SpeechEvent, now: float) -> None:
        """It hears the caller end, and will answer."""
        detection = self._in_force.settings.detection
        if detection is None:
            return
        self._arbiter.caller_stops()
        silence = detection.silence_ms if isinstance(detection, ServerVad) else 0
        behind = self._appended - (event.audio_end_ms - silence) / 1000
        self._clock.stopped(min(now, self._appended_at - max(0.0, behind)))
        self.timeout_triggered(event, now)

    def timeout_triggered(
        self, event: ev.SpeechEvent | ev.CommittedEvent, now: float
    ) -> None:
        """The caller has been silent for so long that the service answers that."""
        if self._in_force.settings.service_answers:
            self._arbiter.expect(now)

    def committed(self, event: ev.CommittedEvent, now: float) -> None:
        """The caller's turn has become an item."""
        self._clock.committed(now)
        if self._in_force.settings.detection is not None and self._arbiter.speaking:
            # Nothing has said "stopped": the program committed, or that was lost.
            self._arbiter.caller_stops()
            if self._arbiter.holds_back:
                self.timeout_triggered(event, now)

    def note_on(self, timings: Timings) -> None:
        """The reply of these timings answers the caller."""
        self._clock.note_on(timings)


class CallerClock:
    """When the caller's turn has ended, on the clock on the wall."""

    def __init__(self) -> None:
        self._stopped: float | None = None
        self._committed: float | None = None

    def started(self) -> None:
        """The caller has begun a turn."""
        self._stopped = self._committed = None

    def stopped(self, at: float) -> None:
        """The caller's last sound was at ``at``."""
        self._stopped = at

    def committed(self, now: float) -> None:
        """The caller's turn was closed."""
        if self._committed is None:
            self._committed = now

    def note_on(self, timings: Timings) -> None:
        """This reply answers the turn: note there when it ended, once."""
        if self._committed is not None:
            timings.user_stopped, timings.committed = self._stopped, self._committed
        self._stopped = self._committed = None

"""The caller's side: what is sent of what they say, and where their turns end."""

from __future__ import annotations

from voxpipe.pipeline import AudioFrame, Timings
from voxpipe.processors.realtime import events as ev
from voxpipe.processors.realtime.config.settings import Settings
from voxpipe.processors.realtime.config.turn_detection import ServerVad

from .arbiter import Arbiter
from .caller_clock import CallerClock
from .input_audio import CallerAudio
from .outbox import Outbox
from .transcripts import Transcripts

_SPARE = 0.4  # seconds of silence beyond what ends a turn


class Hearing:
    """Follows the caller.

    Args:
        settings: who owns the turns.
        arbiter: told who has the floor.
        words: told what will be written down.
        effects: where audio and orders go.
    """

    def __init__(
        self, settings: Settings, arbiter: Arbiter, words: Transcripts, effects: Outbox
    ) -> None:
        self._settings = settings
        self._detection = settings.detection
        self._arbiter = arbiter
        self._words = words
        self._effects = effects
        self._clock = CallerClock()
        self._audio = CallerAudio(settings)

    def configure(self, settings: Settings) -> None:
        """Other settings are in force; with a new owner of turns, no turn is open."""
        owned = self._settings.turn_owner
        self._settings, self._detection = settings, settings.detection
        if settings.turn_owner == owned:
            return
        self._arbiter.caller_said_nothing()
        if self._audio.hand_over(settings):
            self._effects.order("input_audio_buffer.clear")

    # --- what the caller does

    def hear(self, frame: AudioFrame, now: float) -> None:
        """Audio has come."""
        for each in self._audio.take(frame):
            self._send(each, now)

    def begin(self, at: float, now: float) -> None:
        """The pipeline's own turn detection hears the caller begin."""
        self._clock.started()
        for frame in self._audio.begin(at):
            self._send(frame, now)

    def stopped_at(self, at: float, now: float) -> float:
        """When that was, which is ``at`` seconds into the caller's stream."""
        return now - self._audio.behind(at)

    def close(self, stopped_at: float, now: float) -> bool:
        """Close the caller's turn; whether there was enough in it to answer."""
        self._arbiter.speaking = False
        # Of a call that the service carries only the service knows how much came.
        if self._settings.call_id is None and not self._audio.close():
            self._effects.order("input_audio_buffer.clear")
            self._arbiter.caller_said_nothing()
            return False
        self._clock.stopped(stopped_at)
        self._clock.committed(now)
        self._effects.order("input_audio_buffer.commit")
        return True

    @property
    def can_close(self) -> bool:
        """There is a turn that nobody has closed, and nobody else will."""
        return self._detection is None and self._audio.can_close

    def fall_silent(self, now: float) -> None:
        """Let the service find the end of the caller's last words."""
        detection, format = self._detection, self._settings.audio
        if detection is None or not self._audio.sent:
            return
        silence = format.silence(detection.patience + _SPARE)
        self._send(AudioFrame(data=silence, format=format), now)

    def note_on(self, timings: Timings) -> None:
        """This reply answers the caller."""
        self._clock.note_on(timings)

    def _send(self, frame: AudioFrame, now: float) -> None:
        self._effects.outbox.append(frame)
        self._clock.appended(frame.duration, now)

    # --- what the service hears

    def speech_started(self) -> None:
        """The service's turn detection hears the caller begin."""
        self._clock.started()
        self._arbiter.caller_starts()

    def speech_stopped(self, event: ev.SpeechEvent, now: float) -> None:
        """It hears the caller end, and will answer."""
        detection = self._detection
        if detection is None:
            return
        self._arbiter.speaking = False
        silence = detection.silence_ms if isinstance(detection, ServerVad) else 0
        self._clock.stopped_in_audio((event.audio_end_ms - silence) / 1000, now)
        if detection.replies:
            self._arbiter.expect(now)

    def timeout_triggered(self, event: ev.SpeechEvent, now: float) -> None:
        """The caller has been silent for so long that the service answers that."""
        if self._detection is not None and self._detection.replies:
            self._arbiter.expect(now)

    def committed(self, event: ev.CommittedEvent, now: float) -> None:
        """The caller's turn has become an item."""
        self._clock.committed(now)
        self._words.history.place(event.item_id, "user", event.previous_item_id)
        if self._settings.transcription:
            self._words.await_caller(event.item_id, now)
        if self._detection is not None:
            # Also where the program committed, in which case nothing says "stopped".
            self._arbiter.speaking = False

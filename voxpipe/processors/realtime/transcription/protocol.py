"""A transcription without the network: the service's events in, frames out.

No await, no socket, no clock: time is an argument.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from voxpipe.pipeline import AudioFrame, SpeechStarted, SpeechStopped
from voxpipe.processors.realtime import events as ev
from voxpipe.processors.realtime.config.settings import Settings
from voxpipe.processors.realtime.events import ServerEvent
from voxpipe.processors.realtime.events.parse import TRANSCRIPTION, AudioDelta
from voxpipe.processors.realtime.money.prices import Bill
from voxpipe.processors.realtime.protocol.dialogue import Reading
from voxpipe.processors.realtime.protocol.history import History
from voxpipe.processors.realtime.protocol.input_audio import CallerAudio
from voxpipe.processors.realtime.protocol.outbox import Outbox
from voxpipe.processors.realtime.protocol.transcripts import Transcripts
from voxpipe.processors.realtime.protocol.usage import UsageMeter

_SPARE = 0.4  # seconds of silence beyond what ends a turn
_EMPTY = "input_audio_buffer_commit_empty"


class TranscriptionProtocol:
    """One transcription's state.

    Args:
        settings: what it was opened with.
        report: told of everything unusable or refused.
        host: that is talked to.

    Attributes:
        effects: orders and audio for the service, frames for the ports.
    """

    def __init__(
        self, settings: Settings, report: Callable[[str], None], host: str
    ) -> None:
        self._settings = settings
        self.effects = Outbox(report)
        self._words = Transcripts(self.effects)
        self._account = UsageMeter(settings, self.effects, host)
        self._audio = CallerAudio(settings)
        self._reading = Reading(self.effects)
        self._speaking = False  # by the service's detection
        self._commits = 0  # ordered, and not answered
        self._handlers: dict[str, Callable[[Any, float], object]] = {
            "error": self._error,
            "conversation.item.added": self._words.item,
            "conversation.item.done": self._words.item,
            "input_audio_buffer.speech_started": self._speech_started,
            "input_audio_buffer.committed": self._committed,
            f"{TRANSCRIPTION}.delta": self._words.of_caller,
            f"{TRANSCRIPTION}.completed": self._completed,
            f"{TRANSCRIPTION}.failed": self._words.of_caller,
        }

    @property
    def history(self) -> History:
        """What was said, turn by turn."""
        return self._words.history

    @property
    def bill(self) -> Bill:
        """Money so far."""
        return self._account.bill

    # --- the speaker

    def hear(self, frame: AudioFrame) -> None:
        """Audio has come."""
        self.effects.outbox.extend(self._audio.take(frame))

    def mark(self, mark: SpeechStarted | SpeechStopped) -> None:
        """The pipeline's own turn detection; other owners of turns do not listen."""
        if self._settings.turn_detection != "local":
            return
        if isinstance(mark, SpeechStarted):
            self.effects.outbox.extend(self._audio.begin(mark.at))
        else:
            self.end_turn()

    def end_turn(self) -> None:
        """What was said is to be written down; less than 100 ms are not."""
        if not self._audio.close():
            self.effects.order("input_audio_buffer.clear")
            return
        self._commits += 1
        self.effects.order("input_audio_buffer.commit")

    def hang_up(self) -> None:
        """The speaker has gone: close what is open."""
        detection, format = self._settings.detection, self._settings.audio
        if detection is None:
            if self._audio.can_close:
                self.end_turn()
        elif self._audio.sent:
            silence = format.silence(detection.patience + _SPARE)
            self.effects.outbox.append(AudioFrame(data=silence, format=format))

    def is_idle(self, now: float) -> bool:
        """All that was said is written down."""
        open_turn = self._speaking or self._commits > 0
        return not open_turn and not self._words.is_waiting(now)

    # --- what the service says

    def receive(self, message: str, now: float) -> None:
        """Act on one message; rubbish is reported and dropped."""
        event = self._reading.read(message)
        if event is None or isinstance(event, AudioDelta):
            return  # audio is of conversations, not of a transcription
        self.effects.tell("events", ServerEvent(event))
        handle = self._handlers.get(event.type)
        if handle is not None and not event.is_nameless:
            handle(event, now)

    def _error(self, event: ev.ErrorEvent, _now: float) -> None:
        error = event.error
        if error.code == _EMPTY:  # the service had committed it a moment before
            self._commits = max(0, self._commits - 1)
            return
        self.effects.report(f"the service refused: {error.name}")

    def _speech_started(self, _event: ev.SpeechEvent, _now: float) -> None:
        self._speaking = True

    def _committed(self, event: ev.CommittedEvent, now: float) -> None:
        self._speaking = False
        self._commits = max(0, self._commits - 1)
        self._words.history.place(event.item_id, "user", event.previous_item_id)
        self._words.await_caller(event.item_id, now)

    def _completed(self, event: ev.TranscriptionEvent, now: float) -> None:
        self._words.of_caller(event, now)
        self._account.transcription(event)

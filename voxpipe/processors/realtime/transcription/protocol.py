"""A transcription without the network: the service's events in, frames out.

No await, no socket, no clock: time is an argument.
"""

from __future__ import annotations

from voxpipe.pipeline import AudioFrame, SpeechStarted, SpeechStopped
from voxpipe.processors.realtime import events as ev
from voxpipe.processors.realtime.config.settings import Settings
from voxpipe.processors.realtime.events.parse import TRANSCRIPTION
from voxpipe.processors.realtime.protocol.arbiter import Arbiter
from voxpipe.processors.realtime.protocol.dialogue import Dialogue
from voxpipe.processors.realtime.protocol.input import InputAudio
from voxpipe.processors.realtime.protocol.outbox import Outbox
from voxpipe.processors.realtime.protocol.transcripts import Transcripts
from voxpipe.processors.realtime.protocol.updates import SessionSettings
from voxpipe.processors.realtime.protocol.usage import UsageMeter

_EMPTY = "input_audio_buffer_commit_empty"


class TranscriptionProtocol:
    """One transcription's state.

    Args:
        settings: what it was opened with.
        host: that is talked to.

    Attributes:
        outbox: client events and audio for the service, frames for the ports.
        history: what was said, turn by turn.
        bill: money so far.
        closed: the service never says that it closes a transcription.
        due: nothing is ever due.
    """

    closed = False
    due = None

    def __init__(self, settings: Settings, host: str) -> None:
        self.outbox = outbox = Outbox()
        self._in_force = in_force = SessionSettings(settings, outbox)
        self._floor = Arbiter()  # nobody answers: who has it is the speaker, or nobody
        self._input = InputAudio(in_force, self._floor, outbox)
        transcripts = self._transcripts = Transcripts(in_force, outbox)
        usage = UsageMeter(in_force, outbox, host)
        self.history, self.bill = transcripts.history, usage.bill
        self._commits = 0  # ordered, and not answered
        self._dialogue = Dialogue(
            outbox,
            {
                "error": (self._error,),
                "conversation.item.added": (transcripts.item,),
                "conversation.item.done": (transcripts.item,),
                "input_audio_buffer.speech_started": (self._speech_started,),
                "input_audio_buffer.committed": (
                    self._committed,
                    transcripts.committed,
                ),
                f"{TRANSCRIPTION}.delta": (transcripts.of_caller,),
                f"{TRANSCRIPTION}.completed": (
                    transcripts.of_caller,
                    usage.transcription,
                ),
                f"{TRANSCRIPTION}.failed": (transcripts.of_caller,),
            },
        )

    # --- the speaker

    def hear(self, frame: AudioFrame, now: float) -> bool:
        """Audio has come; nothing else moves."""
        return self._input.hear(frame, now)

    def mark(self, mark: SpeechStarted | SpeechStopped, now: float) -> None:
        """The pipeline's own turn detection; other owners of turns do not listen."""
        if self._in_force.settings.turn_detection != "local":
            return
        if isinstance(mark, SpeechStarted):
            self._input.begin(mark.at, now)
        else:
            self.end_turn(now)

    def end_turn(self, now: float) -> None:
        """What was said is to be written down; less than 100 ms are not."""
        self._commits += self._input.close(now, now)

    def hang_up(self, now: float) -> None:
        """The speaker has gone: close what is open."""
        if self._input.is_ours_to_close:
            self.end_turn(now)
        else:
            self._input.fall_silent(now)

    def advance(self, now: float) -> None:
        """Nothing is ever due."""

    def is_idle(self, now: float) -> bool:
        """All that was said is written down."""
        is_open = self._floor.speaking or self._commits > 0
        return not is_open and not self._transcripts.is_waiting(now)

    def end(self, reason: str) -> None:
        """The session is over: nobody waits for anything."""

    # --- what the service says

    def receive(self, message: str, now: float) -> bool:
        """Act on one message; rubbish is reported and dropped."""
        event, acting = self._dialogue.read(message)
        for act in acting:
            act(event, now)
        return True  # audio is of conversations, not of a transcription

    def _error(self, event: ev.ErrorEvent, now: float) -> None:
        error = event.error
        if error.code == _EMPTY:  # the service had committed it a moment before
            self._commits = max(0, self._commits - 1)
            return
        self.outbox.report(f"the service refused: {error.name}")

    def _speech_started(self, event: ev.SpeechEvent, now: float) -> None:
        self._floor.caller_starts()

    def _committed(self, event: ev.CommittedEvent, now: float) -> None:
        self._floor.caller_stops()
        self._commits = max(0, self._commits - 1)

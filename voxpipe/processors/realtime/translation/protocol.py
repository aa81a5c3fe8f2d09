"""A translation without the network: the service's events in, frames out.

No await, no socket, no clock: time is an argument. There are no turns: nothing is asked
for, nothing is cut, and what comes out is one stream, whose frames belong to no turn.

The service only goes on translating while it hears something, so where no audio comes
for a while, silence takes its place.
"""

from __future__ import annotations

from functools import partial

from voxpipe.pipeline import (
    AudioFrame,
    FormatError,
    SpeechStarted,
    SpeechStopped,
    Transcript,
    Usage,
)
from voxpipe.processors.realtime import events as ev
from voxpipe.processors.realtime.config.settings import PCM_24K
from voxpipe.processors.realtime.money.prices import Bill, speech_usd
from voxpipe.processors.realtime.protocol.dialogue import Dialogue
from voxpipe.processors.realtime.protocol.outbox import Outbox
from voxpipe.processors.realtime.protocol.store import Store
from voxpipe.processors.realtime.protocol.transcripts import Speaker

from .sentences import Sentences
from .session import TranslationSettings

APPEND = "session.input_audio_buffer.append"
BILLED = 60.0  # seconds of audio after which a reader of `usage` is told
PAUSE = 0.4  # seconds without audio after which silence takes its place
REST = 5.0  # seconds of that without a word after which the session rests
_PCM = (PCM_24K.rate, 1, "pcm16")
_SILENCE = AudioFrame(data=PCM_24K.silence(PAUSE), format=PCM_24K)


class TranslationProtocol:
    """One translation's state.

    Args:
        settings: what it was opened with.
        host: that is talked to.

    Attributes:
        outbox: client events and audio for the service, frames for the ports.
        store: what was translated, and not yet taken.
        bill: what it has cost so far, source transcripts not included: nobody tells.
        closed: the service has said that all of it is out.
        missed: seconds of translation that made room for newer ones.
    """

    def __init__(self, settings: TranslationSettings, host: str) -> None:
        self._usd = speech_usd(settings.model, {}, 1.0, host)  # for a second
        self._sentences: dict[Speaker, Sentences] = {
            "user": Sentences(),
            "agent": Sentences(),
        }
        self._said = 0.0  # seconds of translation
        self._unbilled = 0.0  # seconds of audio since `usage` was told
        self._behind = False  # the store was full, and it was said
        self._active_at = 0.0  # when something was heard or said
        self._silent_at: float | None = None  # when silence takes the place of audio
        self.store = Store()
        self.outbox = Outbox(APPEND)
        self.bill = Bill()
        self.closed = False
        self.missed = 0.0
        self._dialogue = Dialogue(
            self.outbox,
            {
                "error": (self._error,),
                "session.output_audio.delta": (self._audio,),
                "session.output_transcript.delta": (partial(self._words, "agent"),),
                "session.input_transcript.delta": (partial(self._words, "user"),),
                "session.closed": (self._closed,),
            },
        )

    # --- the speaker

    def hear(self, frame: AudioFrame, now: float) -> bool:
        """Have audio translated; whether something is due, or told, besides."""
        rested, self._active_at = self._silent_at is None, now
        self._append(frame, now)
        return rested or bool(self.outbox.frames)

    def mark(self, mark: SpeechStarted | SpeechStopped, now: float) -> None:
        """There are no turns."""

    @property
    def due(self) -> float | None:
        """When silence has to take the place of audio that does not come."""
        return self._silent_at

    def advance(self, now: float) -> None:
        """Send silence where no audio comes, for a while."""
        if self._silent_at is None or now < self._silent_at:
            return
        if now > self._active_at + REST:
            self._silent_at = None  # until something is heard again
        else:
            self._append(_SILENCE, now)

    def close(self) -> None:
        """No more audio will come."""
        self._silent_at = None
        self.outbox.send("session.close")

    def is_idle(self, now: float) -> bool:
        """All of it is out."""
        return self.closed

    def end(self, reason: str) -> None:
        """Nothing more will come out: tell what is left to tell."""
        for speaker, sentences in self._sentences.items():
            for text in sentences.end():
                self._tell_words(speaker, sentences, text, final=True)
        if self._unbilled:
            self._tell_usage()
        self.store.close()

    def _append(self, frame: AudioFrame, now: float) -> None:
        self._silent_at = now + PAUSE
        self.outbox.messages.append(frame)
        self.bill.usd += (self._usd or 0.0) * frame.duration
        self._unbilled += frame.duration
        if self._unbilled >= BILLED:
            self._tell_usage()

    def _tell_usage(self) -> None:
        cost = None if self._usd is None else self._usd * self._unbilled
        self.bill.unpriced += cost is None
        self._unbilled = 0.0
        self.outbox.tell("usage", Usage(kind="translation", cost_usd=cost))

    # --- what the service says

    def receive(self, message: str, now: float) -> bool:
        """Act on one message; rubbish is reported and dropped."""
        self._active_at = now
        event, acting = self._dialogue.read(message)
        for act in acting:
            act(event, now)
        return True

    def _error(self, event: ev.ErrorEvent, now: float) -> None:
        self.outbox.report(f"the service refused: {event.error.name}")

    def _audio(self, event: ev.TranslatedAudioEvent, now: float) -> None:
        told = (event.sample_rate, event.channels, event.format)
        if any(is_ not in (None, known) for is_, known in zip(told, _PCM, strict=True)):
            self.outbox.report("expected pcm16 24000 Hz from the service, got another")
            return
        try:
            frame = AudioFrame.from_base64(event.delta, PCM_24K, start=self._said)
        except FormatError as error:
            self.outbox.report(f"{event.type}: {error}")
            return
        self._said += frame.duration
        self._keep(frame)

    def _keep(self, frame: AudioFrame) -> None:
        while not self.store.put(frame):
            oldest = self.store.take()
            self.missed += (oldest or frame).duration
            if not self._behind:
                self._behind = True
                self.outbox.report(
                    "the translation is two minutes ahead of who listens: the oldest "
                    "of it makes room"
                )
            if oldest is None:
                return

    def _words(
        self, speaker: Speaker, event: ev.TranslatedWordsEvent, now: float
    ) -> None:
        sentences = self._sentences[speaker]
        for text in sentences.add(event.delta):
            self._tell_words(speaker, sentences, text, final=True)
        if sentences.text:
            self._tell_words(speaker, sentences, sentences.text, final=False)

    def _tell_words(
        self, speaker: Speaker, sentences: Sentences, text: str, *, final: bool
    ) -> None:
        name = f"{speaker}-{sentences.number}"
        transcript = Transcript(speaker=speaker, text=text, final=final, item_id=name)
        self.outbox.tell("transcripts", transcript)

    def _closed(self, event: ev.SessionClosedEvent, now: float) -> None:
        self.closed = True
        self._silent_at = None

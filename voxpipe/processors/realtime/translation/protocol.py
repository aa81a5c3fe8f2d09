"""A translation without the network: the service's events in, frames out.

No await, no socket, no clock. There are no turns: nothing is asked for, nothing is cut,
and what comes out is one stream, whose frames belong to no turn.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from voxpipe.pipeline import AudioFrame, FormatError, Transcript, Usage
from voxpipe.processors.realtime import events as ev
from voxpipe.processors.realtime.config.settings import PCM_24K
from voxpipe.processors.realtime.events import ServerEvent
from voxpipe.processors.realtime.events.parse import AudioDelta
from voxpipe.processors.realtime.money.prices import Bill, minutes_usd
from voxpipe.processors.realtime.protocol.dialogue import Reading
from voxpipe.processors.realtime.protocol.outbox import Outbox
from voxpipe.processors.realtime.protocol.store import Store

from .sentences import Sentences
from .session import TranslationSettings

APPEND = "session.input_audio_buffer.append"
BILLED = 60.0  # seconds of audio after which a reader of `usage` is told
_PCM = (PCM_24K.rate, 1, "pcm16")

Speaker = Literal["user", "agent"]


class TranslationProtocol:
    """One translation's state.

    Args:
        settings: what it was opened with.
        report: told of everything unusable or refused.
        host: that is talked to.

    Attributes:
        store: what was translated, and not yet taken.
        effects: orders and audio for the service, frames for the ports.
        bill: what it has cost so far, source transcripts not included: nobody tells.
        closed: the service has said that all of it is out.
        missed: seconds of translation that made room for newer ones.
    """

    def __init__(
        self, settings: TranslationSettings, report: Callable[[str], None], host: str
    ) -> None:
        self._settings = settings
        self._host = host
        self._sentences: dict[Speaker, Sentences] = {
            "user": Sentences(),
            "agent": Sentences(),
        }
        self._said = 0.0  # seconds of translation
        self._unbilled = 0.0  # seconds of audio since `usage` was told
        self._behind = False  # the store was full, and it was said
        self.store = Store()
        self.effects = Outbox(report)
        self._reading = Reading(self.effects)
        self.bill = Bill()
        self.closed = False
        self.missed = 0.0
        self._handlers: dict[str, Callable[[Any], object]] = {
            "error": self._error,
            "session.output_audio.delta": self._audio,
            "session.output_transcript.delta": lambda e: self._words("agent", e),
            "session.input_transcript.delta": lambda e: self._words("user", e),
            "session.closed": self._closed,
        }

    # --- the speaker

    def hear(self, frame: AudioFrame) -> None:
        """Have audio translated."""
        self.effects.outbox.append(frame)
        cost = minutes_usd(self._settings.model, frame.duration, self._host)
        self.bill.usd += cost or 0.0
        self._unbilled += frame.duration
        if self._unbilled >= BILLED:
            self._tell_usage()

    def close(self) -> None:
        """No more audio will come."""
        self.effects.order("session.close")

    def end(self) -> None:
        """Nothing more will come out: tell what is left to tell."""
        for speaker, sentences in self._sentences.items():
            for text in sentences.end():
                self._tell_words(speaker, sentences, text, final=True)
        if self._unbilled:
            self._tell_usage()
        self.store.close()

    def _tell_usage(self) -> None:
        cost = minutes_usd(self._settings.model, self._unbilled, self._host)
        if cost is None:
            self.bill.unpriced += 1
        self._unbilled = 0.0
        self.effects.tell("usage", Usage(kind="translation", cost_usd=cost))

    # --- what the service says

    def receive(self, message: str) -> None:
        """Act on one message; rubbish is reported and dropped."""
        event = self._reading.read(message)
        if event is None or isinstance(event, AudioDelta):
            return  # audio is of conversations, not of a translation
        self.effects.tell("events", ServerEvent(event))
        handle = self._handlers.get(event.type)
        if handle is not None:
            handle(event)

    def _error(self, event: ev.ErrorEvent) -> None:
        error = event.error
        self.effects.report(f"the service refused: {error.name}")

    def _audio(self, event: ev.TranslatedAudioEvent) -> None:
        told = (event.sample_rate, event.channels, event.format)
        if any(is_ not in (None, known) for is_, known in zip(told, _PCM, strict=True)):
            self.effects.report("expected pcm16 24000 Hz from the service, got another")
            return
        try:
            frame = AudioFrame.from_base64(event.delta, PCM_24K, start=self._said)
        except FormatError as error:
            self.effects.report(f"{event.type}: {error}")
            return
        self._said += frame.duration
        self._keep(frame)

    def _keep(self, frame: AudioFrame) -> None:
        while not self.store.put(frame):
            oldest = self.store.take()
            self.missed += (oldest or frame).duration
            if not self._behind:
                self._behind = True
                self.effects.report(
                    "the translation is two minutes ahead of who listens: the oldest "
                    "of it makes room"
                )
            if oldest is None:
                return

    def _words(self, speaker: Speaker, event: ev.TranslatedWordsEvent) -> None:
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
        self.effects.tell("transcripts", transcript)

    def _closed(self, _event: ev.SessionClosedEvent) -> None:
        self.closed = True

"""The caller's audio: the buffer, who speaks when, and what becomes an item."""

from __future__ import annotations

from typing import Any

from voxpipe.simulator.audio.sound import Sound, decode_audio, wire_format
from voxpipe.simulator.errors import Refusal
from voxpipe.simulator.service.conversation.items import ContentPart, Item
from voxpipe.simulator.service.responses.responses import Responses
from voxpipe.simulator.service.session.state import SessionState

from .buffered_audio import BufferedAudio
from .partial_transcript import PartialTranscript
from .transcription import InputTranscription
from .turn_detection import FRAME_MS, TurnDetector, levels

_MIN_COMMIT = 100  # ms that can be committed
_SILENCE_KEPT = 30_000  # ms of audio without speech that a manual commit can still get


class InputAudioBuffer:
    """Follows what is written to the input audio buffer."""

    def __init__(
        self,
        session: SessionState,
        responses: Responses,
        transcription: InputTranscription,
    ) -> None:
        self._session = session
        self._responses = responses
        self._transcription = transcription
        self._buffer = BufferedAudio(wire_format(session.config.input["format"]))
        self._settings: dict[str, Any] | None = None
        self._detector: TurnDetector | None = None
        self._item_id = ""  # announced by speech_started
        self._item_from = 0  # ms
        self._quiet_since: int | None = None  # ms; the idle timeout counts from here
        self._ended = 0  # responses that had ended at the last append
        self._partial: PartialTranscript | None = None  # by a model that streams
        self.configure()

    def configure(self) -> None:
        """Follow the session's configuration, which may have changed."""
        config = self._session.config.input
        self._buffer.switch(wire_format(config["format"]))
        if config["turn_detection"] != self._settings:
            self._settings = config["turn_detection"]
            self._detector = TurnDetector(self._settings) if self._settings else None
            self._quiet_since = None
        if self._partial is None or not self._partial.begun:
            self._partial = self._transcription.partial()

    def append(self, audio: object, now: float) -> None:
        """Take the audio of an append event.

        Raises:
            Refusal: it is not audio, or the buffer is full.
        """
        buffer = self._buffer
        data = decode_audio(audio, "audio", buffer.format)
        self._follow_responses()
        position = buffer.heard
        frames = buffer.write(data)
        if not frames or (self._detector is None and self._partial is None):
            return
        samples = buffer.format.samples(frames)
        for level in levels(samples, FRAME_MS * buffer.format.rate // 1000):
            position += FRAME_MS
            if self._detector is not None:
                self._frame(self._detector, level, position, now)
            elif self._partial is not None:
                self._partial.hear(level)
        if self._detector is not None:
            self._forget_silence(self._detector, position)

    def _frame(
        self, detector: TurnDetector, level: float, position: int, now: float
    ) -> None:
        heard = detector.hear(level)
        if heard == "started":
            self._speech_started(position - detector.onset_ms, now)
        elif heard == "stopped":
            self._speech_stopped(position, now)
        elif self._quiet_since is not None and not detector.speaking:
            self._watch_idleness(position, now)

    def _speech_started(self, detected: int, now: float) -> None:
        settings = self._settings or {}
        self._quiet_since = None
        self._item_id = self._session.ids.new("item")
        self._item_from = max(0, detected - settings.get("prefix_padding_ms", 300))
        self._session.outbox.emit(
            "input_audio_buffer.speech_started",
            audio_start_ms=self._item_from,
            item_id=self._item_id,
        )
        if settings.get("interrupt_response"):
            self._responses.interrupt(now)

    def _speech_stopped(self, position: int, now: float) -> None:
        self._session.outbox.emit(
            "input_audio_buffer.speech_stopped",
            audio_end_ms=position,
            item_id=self._item_id,
        )
        self._take(self._item_id, self._item_from, position, now)
        if (self._settings or {}).get("create_response"):
            self._respond(now)

    def _respond(self, now: float) -> None:
        try:
            self._responses.create({}, now)
        except Refusal as refusal:
            # Nobody asked for this response by an event that could be blamed.
            self._session.outbox.refuse(refusal)
            self._session.journal.refused("a reply of its own", refusal)

    def commit(self, now: float) -> None:
        """Make an item of what the buffer holds, as the client asked.

        Raises:
            Refusal: it holds less than 100 ms.
        """
        buffer = self._buffer
        start, id = buffer.open_from, ""
        if self._detector is not None and self._detector.speaking:
            start, id = self._item_from, self._item_id
        held = buffer.written - start
        if held < _MIN_COMMIT:
            raise Refusal(
                "input_audio_buffer_commit_empty",
                "Error committing input audio buffer: buffer too small. Expected at "
                f"least {_MIN_COMMIT}ms of audio, but buffer only has {held:.2f}ms of "
                "audio.",
            )
        if self._detector is not None:
            self._detector.reset()
        if self._partial is not None:
            id = self._partial.item.id
        self._take(id or self._session.ids.new("item"), start, buffer.written, now)

    def clear(self) -> None:
        """Drop what the buffer holds."""
        self._buffer.clear()
        self._partial = self._transcription.partial()
        if self._detector is not None:
            self._detector.reset()
        self._session.outbox.emit("input_audio_buffer.cleared")

    def _take(self, id: str, start: int, end: int, now: float) -> None:
        session, buffer = self._session, self._buffer
        sound = Sound(buffer.format, buffer.cut(start, end))
        buffer.open_from = end
        item = Item(id, role="user", content=[ContentPart("input_audio", sound=sound)])
        by = (self._settings or {}).get("type", "the client")
        session.journal.note(f"heard {(end - start) / 1000:.1f} s, ended by {by}")
        previous = session.conversation.last_id
        session.conversation.add(item)
        session.outbox.emit(
            "input_audio_buffer.committed", previous_item_id=previous, item_id=id
        )
        session.announce(item)
        session.conclude(item)
        partial, self._partial = self._partial, self._transcription.partial()
        self._transcription.write_down(item, now, partial)
        if self._detector is None:
            buffer.forget(end)

    def _forget_silence(self, detector: TurnDetector, position: int) -> None:
        if detector.speaking:
            return
        buffer, settings = self._buffer, self._settings or {}
        buffer.open_from = max(buffer.open_from, position - _SILENCE_KEPT)
        # Two frames may turn out to have been the beginning of speech.
        padding = settings.get("prefix_padding_ms", 300) + 2 * FRAME_MS
        buffer.forget(min(buffer.open_from, position - min(padding, _SILENCE_KEPT)))

    # --- the idle timeout: counted in audio written, as all positions are

    def _follow_responses(self) -> None:
        # Only appends move the position, so this is in time to see a response's end.
        responses = self._responses
        speaking = self._detector is not None and self._detector.speaking
        if responses.active is not None:
            self._quiet_since = None
        elif responses.ended != self._ended:
            limited = (self._settings or {}).get("idle_timeout_ms")
            if limited and not speaking:
                self._quiet_since = self._buffer.written + responses.spoken_ms
        self._ended = responses.ended

    def _watch_idleness(self, position: int, now: float) -> None:
        since, settings = self._quiet_since, self._settings or {}
        if since is None or position - since < settings["idle_timeout_ms"]:
            return
        self._quiet_since = None
        id = self._session.ids.new("item")
        self._session.outbox.emit(
            "input_audio_buffer.timeout_triggered",
            audio_start_ms=since,
            audio_end_ms=position,
            item_id=id,
        )
        self._take(id, since, position, now)
        self._respond(now)

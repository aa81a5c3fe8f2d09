"""The transcript of what the caller said, which comes some time after the audio."""

from __future__ import annotations

import functools
from typing import Any

from voxpipe.simulator.protocol.transcribers import TRANSCRIBERS, Transcriber
from voxpipe.simulator.script.script import Line
from voxpipe.simulator.service.conversation.items import Item
from voxpipe.simulator.service.conversation.tokens import USER_MS, count_text, words
from voxpipe.simulator.service.responses.script_reader import ScriptReader
from voxpipe.simulator.service.session.state import SessionState

from .diarization import segments_of, without_speakers
from .partial_transcript import PartialTranscript

_DELTA_GAP = 0.004  # seconds between two deltas
_EVENT = "conversation.item.input_audio_transcription"
_LOGPROBS = "item.input_audio_transcription.logprobs"
_SURE = -0.01  # the logarithm of a probability
_UNINTELLIGIBLE = {
    "type": "transcription_error",
    "code": "audio_unintelligible",
    "message": "The audio could not be transcribed.",
    "param": None,
}


class InputTranscription:
    """Writes down user audio when the session asks for it.

    The simulator does not recognise speech: the words are those of the script, and
    otherwise the transcript says how long the speech was.
    """

    def __init__(self, session: SessionState, reader: ScriptReader) -> None:
        self._session = session
        self._reader = reader

    def partial(self) -> PartialTranscript | None:
        """A turn begins: what a model that streams writes of it."""
        config = self._session.config
        settings = config.input["transcription"]
        if settings is None or not TRANSCRIBERS[settings["model"]].streams:
            return None
        if config.input["turn_detection"] is not None:
            return None  # turns are cut by the service: words come when they are
        id = self._session.ids.new("item")
        return PartialTranscript(id, settings, self._listen, self._write)

    def write_down(
        self, item: Item, now: float, partial: PartialTranscript | None = None
    ) -> None:
        """Have ``item``, which has just been committed, transcribed.

        Args:
            item: with its audio.
            now: the time.
            partial: what has been written of it while it was said.
        """
        if partial is not None and partial.begun:
            line = partial.line
            item.content[0].words = partial.item.content[0].words
        else:
            line = self._listen(item)
        settings = self._session.config.input["transcription"]
        if settings is None:
            return
        wait = self._session.script.timing.transcription_ms / 1000
        if line is not None and line.unintelligible:
            self._later(now + wait, item, ".failed", error=_UNINTELLIGIBLE)
            return
        told = partial.told if partial is not None else 0
        self._session.timers.at(
            now + wait, lambda then: self._complete(item, settings, told, then)
        )

    def _listen(self, item: Item) -> Line | None:
        line = self._reader.listen(item)
        if self._session.config.kind == "transcription":
            self._reader.go_on()
        return line

    def _complete(
        self, item: Item, settings: dict[str, Any], told: int, now: float
    ) -> None:
        model = TRANSCRIBERS[settings["model"]]
        text = item.words or f"(speech, {_seconds(item):.1f} s)"
        if model.speakers:
            self._tell_speakers(item, text, now)
            text = without_speakers(text)
        pieces = [text] if model.pieces == "all" else words(text)[told:]
        for index, piece in enumerate(pieces):
            write = functools.partial(self._write, item, piece)
            self._session.timers.at(now + index * _DELTA_GAP, write)
        end = now + len(pieces) * _DELTA_GAP
        told_at_end = {
            "transcript": text,
            "usage": _usage(item, model, text),
            **_languages(settings),
            **self._logprobs(words(text)),
        }
        self._later(end, item, ".completed", **told_at_end)
        # From now on the item shows it, when it is retrieved.
        item.content[0].text = text

    def _write(self, item: Item, piece: str, _now: float = 0.0) -> None:
        self._session.outbox.emit(
            f"{_EVENT}.delta",
            item_id=item.id,
            content_index=0,
            delta=piece,
            **self._logprobs([piece]),
            **self._session.padding(),
        )

    def _tell_speakers(self, item: Item, text: str, now: float) -> None:
        for speaker, start, end, said in segments_of(text, _seconds(item)):
            self._later(
                now,
                item,
                ".segment",
                id=self._session.ids.new("seg"),
                speaker=speaker,
                start=start,
                end=end,
                text=said,
            )

    def _logprobs(self, tokens: list[str]) -> dict[str, Any]:
        if _LOGPROBS not in (self._session.config.now.get("include") or ()):
            return {}
        return {
            "logprobs": [
                {"token": each, "logprob": _SURE, "bytes": list(each.encode())}
                for each in tokens
            ]
        }

    def _later(self, due: float, item: Item, event: str, **fields: Any) -> None:
        outbox = self._session.outbox
        self._session.timers.at(
            due,
            lambda _: outbox.emit(
                _EVENT + event, item_id=item.id, content_index=0, **fields
            ),
        )


def _seconds(item: Item) -> float:
    return sum(part.sound.ms for part in item.content if part.sound is not None) / 1000


def _languages(settings: dict[str, Any]) -> dict[str, Any]:
    """Which languages were heard: only gpt-transcribe says so."""
    if settings["model"] != "gpt-transcribe":
        return {}
    known = settings["language"] or (settings.get("languages") or ["en"])[0]
    return {"languages": [{"code": known}]}


def _usage(item: Item, model: Transcriber, text: str) -> dict[str, Any]:
    if model.counts == "seconds":
        return {"type": "duration", "seconds": max(1, round(_seconds(item)))}
    heard = int(_seconds(item) * 1000) // USER_MS
    written = count_text(text)
    return {
        "type": "tokens",
        "total_tokens": heard + written,
        "input_tokens": heard,
        "input_token_details": {"text_tokens": 0, "audio_tokens": heard},
        "output_tokens": written,
    }

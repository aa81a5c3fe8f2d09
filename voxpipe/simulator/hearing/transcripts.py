"""The transcript of what the caller said, which comes some time after the audio."""

from __future__ import annotations

from typing import Any

from voxpipe.simulator.conversation.items import Item
from voxpipe.simulator.conversation.tokens import USER_MS, count_text, words
from voxpipe.simulator.replying.plan import Prompter
from voxpipe.simulator.session import Session

_DELTA_GAP = 0.004  # seconds between two deltas
_EVENT = "conversation.item.input_audio_transcription"


class Transcripts:
    """Writes down user audio when the session asks for it.

    The simulator does not recognise speech: the words are those of the script, and
    otherwise the transcript says how long the speech was.
    """

    def __init__(self, session: Session, prompter: Prompter) -> None:
        self._session = session
        self._prompter = prompter

    def write_down(self, item: Item, now: float) -> None:
        """Have ``item``, which has just been committed, transcribed."""
        line = self._prompter.listen(item)
        if self._session.config.kind == "transcription":
            self._prompter.go_on()
        settings = self._session.config.input["transcription"]
        if settings is None:
            return
        wait = self._session.script.timing.transcription_ms / 1000
        if line is not None and line.unintelligible:
            self._session.timers.at(now + wait, lambda _: self._fail(item))
        else:
            self._session.timers.at(
                now + wait, lambda then: self._complete(item, settings, then)
            )

    def _fail(self, item: Item) -> None:
        self._session.outbox.emit(
            f"{_EVENT}.failed",
            item_id=item.id,
            content_index=0,
            error={
                "type": "transcription_error",
                "code": "audio_unintelligible",
                "message": "The audio could not be transcribed.",
                "param": None,
            },
        )

    def _complete(self, item: Item, settings: dict[str, Any], now: float) -> None:
        text = item.words or _placeholder(item)
        model = settings["model"]
        pieces = [text] if model == "whisper-1" else words(text)
        for index, piece in enumerate(pieces):
            self._later(now + index * _DELTA_GAP, item, ".delta", delta=piece)
        self._later(
            now + len(pieces) * _DELTA_GAP,
            item,
            ".completed",
            transcript=text,
            usage=_usage(item, model, text),
        )
        # From now on the item shows it, when it is retrieved.
        item.content[0].text = text

    def _later(self, due: float, item: Item, event: str, **fields: Any) -> None:
        session = self._session
        if event == ".delta":
            fields |= session.padding()
        session.timers.at(
            due,
            lambda _: session.outbox.emit(
                _EVENT + event, item_id=item.id, content_index=0, **fields
            ),
        )


def _placeholder(item: Item) -> str:
    return f"(speech, {_seconds(item):.1f} s)"


def _seconds(item: Item) -> float:
    return sum(part.sound.ms for part in item.content if part.sound is not None) / 1000


def _usage(item: Item, model: str, text: str) -> dict[str, Any]:
    if model == "whisper-1":
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

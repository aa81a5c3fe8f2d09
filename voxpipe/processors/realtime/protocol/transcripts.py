"""What both sides said, in words: kept in the history, told to who listens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from voxpipe.pipeline import PlayedItem, Text, Transcript
from voxpipe.processors.realtime import events as ev

from .history import History
from .outbox import Outbox
from .response import Response
from .truncation import played_words
from .updates import SessionSettings

Speaker = Literal["user", "agent"]

TRANSCRIPT_TIMEOUT = (
    3.0  # seconds after a commit in which the caller's words should be written down
)
MAX_PARTS = 256  # of one reply; more is a service gone wild
MAX_AWAITED = 64  # transcripts at once


class Transcripts:
    """Follows the words of a conversation.

    Args:
        in_force: whether the caller's words are written down.
        outbox: where transcripts go.

    Attributes:
        history: where the words are kept.
    """

    def __init__(self, in_force: SessionSettings, outbox: Outbox) -> None:
        self._in_force = in_force
        self._outbox = outbox
        self._awaited: dict[str, float] = {}  # items of the caller, and since when
        self.history = History()

    # --- the caller

    def committed(self, event: ev.CommittedEvent, now: float) -> None:
        """The caller's turn has become an item, whose words will come."""
        if not event.item_id:
            return
        self.history.place(event.item_id, "user", event.previous_item_id)
        if not self._in_force.settings.transcription:
            return
        self._awaited[event.item_id] = now
        self._show(event.item_id, final=False)
        while len(self._awaited) > MAX_AWAITED:
            del self._awaited[next(iter(self._awaited))]

    def lose(self) -> None:
        """The session is lost: what it was to write down another one has to hear."""
        self._awaited.clear()

    def is_waiting(self, now: float) -> bool:
        """The caller has said something that may still be written down."""
        return any(now - since < TRANSCRIPT_TIMEOUT for since in self._awaited.values())

    def of_caller(self, event: ev.TranscriptionEvent, now: float) -> None:
        """What the caller said; late, and perhaps out of order."""
        if not event.item_id:
            return
        entry = self.history.place(event.item_id, "user", None)
        if entry.final:
            return
        if event.type.endswith(".delta"):
            entry.text += event.delta or ""
        else:
            self._awaited.pop(event.item_id, None)
            if event.type.endswith(".failed"):
                self._outbox.report("the caller's words could not be transcribed")
                self._show(entry.item_id, final=True)
                return
            entry.text, entry.final = event.transcript or "", True
        self._outbox.tell(
            "transcripts",
            Transcript(
                speaker="user",
                text=entry.text,
                final=entry.final,
                item_id=entry.item_id,
            ),
        )

    def renamed(self, item_id: str) -> None:
        """A turn of the caller's has another name now: no words come for this one."""
        self._show(item_id, final=True)

    def _show(self, item_id: str, *, final: bool) -> None:
        """The caller has said something, of which the words come later, or never."""
        words = Transcript(speaker="user", text="", final=final, item_id=item_id)
        self._outbox.tell("spoken", words)

    # --- the model

    def delta(self, response: Response, event: ev.DeltaEvent, now: float) -> None:
        """More of what the model says or writes."""
        key = (event.item_id, event.content_index)
        if key in response.finals or not _fits(response, key):
            return
        response.texts[key] = response.texts.get(key, "") + event.delta
        written = event.type == "response.output_text.delta"
        if written and response.turn.timings.first_delta is None:
            response.turn.timings.first_delta = now
        if response.is_aside:
            return
        if written:
            self._outbox.tell("writes", Text(text=event.delta, turn=response.turn))
        if "transcripts" in self._outbox.told:  # or its words need not be put together
            words = response.words_of(event.item_id)
            self._say(response, event.item_id, words, final=False)

    def done(self, response: Response, event: ev.PartDoneEvent) -> None:
        """All that the model says or writes in one part."""
        text = event.transcript if event.transcript is not None else event.text
        key = (event.item_id, event.content_index)
        if text is None or key in response.finals or not _fits(response, key):
            return
        response.texts[key] = text
        response.finals.add(key)
        if response.is_aside:
            return
        entry = self.history.place(event.item_id, "agent", None)
        entry.text, entry.final = response.words_of(event.item_id), True
        self._say(response, event.item_id, entry.text)

    def cut(self, response: Response, parts: Sequence[PlayedItem]) -> None:
        """A reply was cut: tell the words of an item, and those that were played."""
        item_id = parts[0].item_id
        cut_short = any(part.played < part.generated for part in parts)
        if item_id in response.whole and not cut_short:
            return  # told already, and all of it was played
        played = (
            played_words(response.texts.get((item_id, part.content_index), ""), part)
            for part in parts
        )
        entry = self.history.place(item_id, "agent", None)
        entry.text, entry.final = response.words_of(item_id), True
        entry.played = " ".join(filter(None, played))
        self._say(response, item_id, entry.text, played=entry.played)

    def break_off(self, response: Response, item_id: str, said: str) -> None:
        """The session was lost while an item was made: it has these words."""
        for key in [each for each in response.texts if each[0] == item_id]:
            del response.texts[key]
        if not said:
            self.history.confirm(item_id)
            return
        key = (item_id, 0)
        response.texts[key] = said
        response.finals.add(key)
        response.complete(item_id)
        if response.is_aside:
            return
        entry = self.history.place(item_id, "agent", None)
        entry.text, entry.final = said, True
        entry.seconds = response.turn.generated_by_item().get(item_id, 0.0)
        self._say(response, item_id, said)

    def made(self, response: Response, told: ev.Response) -> None:
        """A reply has been made: all its words, should some have been lost before."""
        turn = response.turn
        if turn.generated:
            for item_id, seconds in turn.generated_by_item().items():
                entry = self.history.find(item_id)
                if entry is not None:
                    entry.seconds = seconds
        if turn.is_cut:
            return
        for item in told.output or ():
            key = (item.id, 0)
            is_lost = item.type == "message" and not response.words_of(item.id)
            if is_lost and item.words and _fits(response, key):
                response.texts[key] = item.words

    # --- all items

    def item(self, event: ev.ItemEvent, now: float) -> None:
        """Something has entered the conversation."""
        item = event.item
        entry = self.history.place(item.id, item.belongs_to, event.previous_item_id)
        entry.call_id, entry.tool = item.call_id or "", item.name or ""
        entry.kind, entry.pictures = item.type, item.pictures
        if not entry.text:
            entry.text = item.words

    def _say(
        self,
        response: Response,
        item_id: str,
        text: str,
        *,
        final: bool = True,
        played: str | None = None,
    ) -> None:
        transcript = Transcript(
            speaker="agent",
            text=text,
            final=final,
            item_id=item_id,
            played=played,
            of_turn=response.turn,
        )
        self._outbox.tell("transcripts", transcript)


def _fits(response: Response, key: tuple[str, int]) -> bool:
    return len(response.texts) < MAX_PARTS or key in response.texts

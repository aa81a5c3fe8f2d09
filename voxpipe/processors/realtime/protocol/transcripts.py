"""What both sides said, in words: kept in the history, told to who listens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from voxpipe.pipeline import PlayedItem, Text, Transcript
from voxpipe.processors.realtime import events as ev

from .history import History
from .outbox import Outbox
from .reply import Reply
from .truncation import by_item, played_words

Speaker = Literal["user", "agent"]

LATE = 3.0  # seconds after a commit in which the caller's words should be written down
PARTS = 256  # of one reply; more is a service gone wild
AWAITED = 64  # transcripts at once


class Transcripts:
    """Follows the words of a conversation.

    Args:
        effects: where transcripts and complaints go.

    Attributes:
        history: where the words are kept.
    """

    def __init__(self, effects: Outbox) -> None:
        self._effects = effects
        self._awaited: dict[str, float] = {}  # items of the caller, and since when
        self.history = History()

    # --- the caller

    def await_caller(self, item_id: str, now: float) -> None:
        """The caller's words in this item will come."""
        self._awaited[item_id] = now
        while len(self._awaited) > AWAITED:
            del self._awaited[next(iter(self._awaited))]

    def is_waiting(self, now: float) -> bool:
        """The caller has said something that may still be written down."""
        return any(now - since < LATE for since in self._awaited.values())

    def of_caller(self, event: ev.TranscriptionEvent, now: float) -> None:
        """What the caller said; late, and perhaps out of order."""
        entry = self.history.place(event.item_id, "user", None)
        if entry.final:
            return
        if event.type.endswith(".delta"):
            entry.text += event.delta or ""
        else:
            self._awaited.pop(event.item_id, None)
            if event.type.endswith(".failed"):
                self._effects.report("the caller's words could not be transcribed")
                return
            entry.text, entry.final = event.transcript or "", True
        self._say("user", entry.item_id, entry.text, final=entry.final)

    # --- the model

    def delta(self, reply: Reply, event: ev.DeltaEvent, now: float) -> None:
        """More of what the model says or writes."""
        key = (event.item_id, event.content_index)
        if key in reply.finals or not _fits(reply, key):
            return
        reply.texts[key] = reply.texts.get(key, "") + event.delta
        written = event.type == "response.output_text.delta"
        if written and reply.turn.timings.first_delta is None:
            reply.turn.timings.first_delta = now
        if reply.is_aside:
            return
        if written:
            self._effects.tell("writes", Text(text=event.delta, turn=reply.turn))
        self._say("agent", event.item_id, reply.words_of(event.item_id), final=False)

    def done(self, reply: Reply, event: ev.PartDoneEvent) -> None:
        """All that the model says or writes in one part."""
        text = event.transcript if event.transcript is not None else event.text
        key = (event.item_id, event.content_index)
        if text is None or key in reply.finals or not _fits(reply, key):
            return
        reply.texts[key] = text
        reply.finals.add(key)
        if reply.is_aside:
            return
        entry = self.history.place(event.item_id, "agent", None)
        entry.text, entry.final = reply.words_of(event.item_id), True
        self._say("agent", event.item_id, entry.text, final=True)

    def heard(self, reply: Reply, parts: Sequence[PlayedItem]) -> None:
        """A reply was cut: tell the words of an item, and those that were heard."""
        item_id = parts[0].item_id
        cut_short = any(part.played < part.generated for part in parts)
        if item_id in reply.whole and not cut_short:
            return  # told already, and all of it was heard
        heard = (
            played_words(reply.texts.get((item_id, part.content_index), ""), part)
            for part in parts
        )
        entry = self.history.place(item_id, "agent", None)
        entry.text, entry.final = reply.words_of(item_id), True
        entry.played = " ".join(filter(None, heard))
        transcript = Transcript(
            speaker="agent", text=entry.text, item_id=item_id, played=entry.played
        )
        self._effects.tell("transcripts", transcript)

    def measure(self, reply: Reply) -> None:
        """A reply has been made: note how long each of its items speaks."""
        for item_id, parts in by_item(reply.turn.items()).items():
            entry = self.history.find(item_id)
            if entry is not None:
                entry.seconds = sum(part.generated for part in parts)

    # --- all items

    def item(self, event: ev.ItemEvent, now: float) -> None:
        """Something has entered the conversation."""
        item = event.item
        entry = self.history.place(item.id, item.belongs_to, event.previous_item_id)
        entry.call_id, entry.tool = item.call_id or "", item.name or ""
        entry.kind, entry.pictures = item.type, item.pictures
        if not entry.text:
            entry.text = item.words

    def _say(self, speaker: Speaker, item_id: str, text: str, *, final: bool) -> None:
        transcript = Transcript(
            speaker=speaker, text=text, final=final, item_id=item_id
        )
        self._effects.tell("transcripts", transcript)


def _fits(reply: Reply, key: tuple[str, int]) -> bool:
    return len(reply.texts) < PARTS or key in reply.texts

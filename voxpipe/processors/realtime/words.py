"""What both sides said, in words: kept in the history, told to who listens."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

from voxpipe.pipeline import Frame, HeardItem, Text, Transcript

from . import events as ev
from .history import History
from .interruption import heard_words
from .replies import Reply

Speaker = Literal["user", "agent"]
Tell = Callable[[str, Frame], None]


class Words:
    """Follows the words of a conversation.

    Args:
        replies: by response id; what is said late in a cut reply is not told.
        tell: gives a frame to a port, by its name.
        report: told of what could not be understood.
    """

    def __init__(
        self,
        replies: Mapping[str, Reply],
        tell: Tell,
        report: Callable[[str], None],
    ) -> None:
        self._replies = replies
        self._tell = tell
        self._report = report
        self.history = History()

    def item(self, event: ev.ItemEvent, now: float) -> None:
        """Something has entered the conversation."""
        item = event.item
        entry = self.history.place(item.id, item.belongs_to, event.previous_item_id)
        if not entry.text:
            entry.text = item.words

    def of_caller(self, event: ev.TranscriptionEvent, now: float) -> None:
        """What the caller said; late, and perhaps out of order."""
        entry = self.history.place(event.item_id, "user", None)
        if event.type.endswith(".failed"):
            self._report("the caller's words could not be transcribed")
            return
        final = event.type.endswith(".completed")
        entry.text = (
            event.transcript or "" if final else entry.text + (event.delta or "")
        )
        self._say("user", entry.item_id, entry.text, final=final)

    def delta(self, event: ev.DeltaEvent, now: float) -> None:
        """More of what the model says or writes."""
        reply = self._replies.get(event.response_id)
        if reply is None or reply.turn.is_cut:
            return
        key = (event.item_id, event.content_index)
        reply.texts[key] = text = reply.texts.get(key, "") + event.delta
        if event.type == "response.output_text.delta":
            if reply.turn.timings.first_delta is None:
                reply.turn.timings.first_delta = now
            self._tell("writes", Text(text=event.delta, turn=reply.turn))
        self._say("agent", event.item_id, text, final=False)

    def done(self, event: ev.TextDoneEvent, now: float) -> None:
        """All that the model says or writes in one part."""
        reply = self._replies.get(event.response_id)
        if reply is None or reply.turn.is_cut:
            return
        text = event.transcript if event.transcript is not None else event.text or ""
        reply.texts[event.item_id, event.content_index] = text
        self.history.place(event.item_id, "agent", None).text = text
        self._say("agent", event.item_id, text, final=True)

    def heard(self, reply: Reply, item: HeardItem) -> None:
        """A reply was cut: tell its words, and those that were heard."""
        said = reply.texts.get((item.item_id, item.content_index), "")
        entry = self.history.place(item.item_id, "agent", None)
        entry.text, entry.heard = said, heard_words(said, item)
        transcript = Transcript(
            speaker="agent", text=said, item_id=item.item_id, heard=entry.heard
        )
        self._tell("transcripts", transcript)

    def _say(self, speaker: Speaker, item_id: str, text: str, *, final: bool) -> None:
        transcript = Transcript(
            speaker=speaker, text=text, final=final, item_id=item_id
        )
        self._tell("transcripts", transcript)

"""Replies that were cut: what nobody has heard is taken back, and the rest is told."""

from __future__ import annotations

from collections.abc import Collection, Container, Sequence
from uuid import uuid4

from voxpipe.pipeline import Interruption, PlayedItem, Turn

from .outbox import CREATE, Outbox
from .response import Response
from .transcripts import Transcripts
from .truncation import by_item, deletion, take_back


class Interruptions:
    """Takes back of replies that were cut what nobody has heard.

    Args:
        transcripts: told which words were played.
        outbox: where client events and interruptions go.
        is_remote: the service plays them, and takes back by itself.
    """

    def __init__(
        self, transcripts: Transcripts, outbox: Outbox, *, is_remote: bool
    ) -> None:
        self._transcripts = transcripts
        self._outbox = outbox
        self._is_remote = is_remote
        self._playhead_seen = False
        self._retold: Collection[str] = ()

    def know_retold(self, items: Collection[str]) -> None:
        """The session was told these in words, so it cannot cut their sound."""
        self._retold = items

    def has_playhead(self, turn: Turn) -> bool:
        """Somebody plays this turn, or has played another."""
        self._playhead_seen = self._playhead_seen or turn.has_playhead
        return self._playhead_seen

    def take_back(self, response: Response) -> None:
        """One was cut: cut its items, and tell of it."""
        # Without the line that the program has said in it, see ``meanwhile.py``.
        items = tuple(each for each in response.turn.items() if each.item_id)
        parts_of = by_item(items)
        for parts in parts_of.values():
            self._transcripts.cut(response, parts)
        if self._knows_played(response):
            for item_id in [each for each in parts_of if each in self._retold]:
                self._reword(item_id, parts_of.pop(item_id), response.whole)
            for event in take_back(parts_of, response.whole):
                if event["type"] == "conversation.item.delete":
                    self._delete(event["item_id"])
                else:
                    self._outbox.messages.append(event)
            for item_id in response.silent:
                self._delete(item_id)
        response.silent.clear()
        cut = Interruption(cut=response.turn, items=items)
        self._outbox.tell("interruptions", cut)

    def _reword(
        self, item_id: str, parts: Sequence[PlayedItem], whole: Container[str]
    ) -> None:
        """Tell the session what was heard of an item in place of all its words."""
        history = self._transcripts.history
        entry = history.find(item_id)
        if entry is None or not take_back({item_id: parts}, whole):
            return
        if not (entry.played or "").strip():
            self._delete(item_id)
            return
        before = history.before(item_id)
        name = f"item_{uuid4().hex[:24]}"  # 29 characters; the service takes 32
        history.rename(item_id, name)
        self._outbox.messages.append(deletion(item_id))
        item = {
            "id": name,
            "type": "message",
            "role": "assistant",
            "content": [{"type": "output_text", "text": entry.played}],
        }
        fields = {"previous_item_id": before or "root", "item": item}
        self._outbox.messages.append({"type": CREATE, **fields})

    def take_back_unheard(self, response: Response, item_id: str) -> None:
        """One that is cut has begun another item."""
        if self._knows_played(response):
            self._delete(item_id)

    def _knows_played(self, response: Response) -> bool:
        # Without a playhead nobody knows what was played; then nothing is taken back
        # but what has not even left.
        has_playhead = self.has_playhead(response.turn)
        return not self._is_remote and (has_playhead or response.left == "nothing")

    def _delete(self, item_id: str) -> None:
        if self._transcripts.history.remove(item_id):
            self._outbox.messages.append(deletion(item_id))

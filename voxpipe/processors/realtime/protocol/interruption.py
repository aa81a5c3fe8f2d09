"""Replies that were cut: what nobody has heard is taken back, and the rest is told."""

from __future__ import annotations

from voxpipe.pipeline import Interruption, Turn

from .outbox import Outbox
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

    def has_playhead(self, turn: Turn) -> bool:
        """Somebody plays this turn, or has played another."""
        self._playhead_seen = self._playhead_seen or turn.has_playhead
        return self._playhead_seen

    def take_back(self, response: Response) -> None:
        """One was cut: cut its items, and tell of it."""
        items = response.turn.items()
        parts_of = by_item(items)
        for parts in parts_of.values():
            self._transcripts.cut(response, parts)
        if self._knows_played(response):
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

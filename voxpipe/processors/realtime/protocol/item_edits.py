"""What a program does to items by hand, until the service has answered.

Each order has a name of its own, under which the service refuses it; what it does
instead it tells by the item's name. No await and no clock but in `ItemEdit.answer`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import count
from typing import Any, Literal
from uuid import uuid4

from anyio import Event

from voxpipe.pipeline import PlayedItem, SessionLost, VoxpipeError
from voxpipe.processors.realtime import events as ev
from voxpipe.processors.realtime.errors import ItemRefused

from .outbox import Outbox
from .transcripts import Transcripts
from .truncation import played_words

Act = Literal["create", "retrieve", "truncate", "delete"]

WAITING = 1_024  # edits at once; more is a program that orders in a loop


class ItemEdit:
    """One thing that was asked of one item.

    Attributes:
        name: of the order.
        act: what was asked.
        item_id: of what.
    """

    def __init__(self, name: str, act: Act, item_id: str) -> None:
        self.name = name
        self.act: Act = act
        self.item_id = item_id
        self._answered = Event()
        self._item: ev.Item | None = None
        self._error: VoxpipeError | None = None

    def settle(
        self, item: ev.Item | None = None, error: VoxpipeError | None = None
    ) -> None:
        """The service has done it, or it never will; the first answer counts."""
        if not self._answered.is_set():
            self._item, self._error = item, error
            self._answered.set()

    async def answer(self) -> ev.Item | None:
        """Wait until the service has done it; of a retrieval, the item.

        Raises:
            ItemRefused: the service would not.
            SessionLost: the session has ended first.
        """
        await self._answered.wait()
        if self._error is not None:
            raise self._error
        return self._item


class ItemEdits:
    """All that the service has not answered yet.

    Args:
        words: whose history follows.
        effects: where orders go.

    Attributes:
        handlers: of the events that answer them.
        over: set when the session has ended.
    """

    def __init__(self, words: Transcripts, effects: Outbox) -> None:
        self._words = words
        self._effects = effects
        self._open: dict[str, ItemEdit] = {}  # by the name of their order
        self._reason = ""
        self.over = Event()
        # Other clients may speak on the same session: names are ours alone.
        self._prefix = f"voxpipe_edit_{uuid4().hex[:8]}_"
        self._numbers = count(1)
        self.handlers: Mapping[str, Callable[[Any, float], object]] = {
            "conversation.item.added": self._added,
            "conversation.item.retrieved": self._retrieved,
            "conversation.item.truncated": self._truncated,
            "conversation.item.deleted": self._deleted,
        }

    def ask(self, act: Act, item_id: str, **fields: Any) -> ItemEdit:
        """Ask the service to do something to an item.

        Raises:
            VoxpipeError: too many wait for their answer.
        """
        if len(self._open) >= WAITING:
            raise VoxpipeError(f"{WAITING} edits of items wait for the service's word")
        edit = ItemEdit(f"{self._prefix}{next(self._numbers)}", act, item_id)
        if self.over.is_set():
            edit.settle(error=SessionLost(self._reason))
            return edit
        self._open[edit.name] = edit
        if act != "create":
            fields["item_id"] = item_id
        elif fields.get("previous_item_id") == "root":
            self._words.history.expect_first(item_id)
        kind = f"conversation.item.{act}"
        self._effects.order(kind, event_id=edit.name, **fields)
        return edit

    def check_open(self) -> None:
        """Go on only while there is a session.

        Raises:
            SessionLost: it has ended.
        """
        if self.over.is_set():
            raise SessionLost(self._reason)

    def forget(self, edit: ItemEdit) -> None:
        """Nobody waits for its answer any more."""
        self._open.pop(edit.name, None)

    def refused(self, error: ev.ErrorDetail) -> bool:
        """An order was refused; whether it was one of these."""
        edit = self._open.pop(error.event_id or "", None)
        if edit is None:
            return False
        code = error.name
        edit.settle(error=ItemRefused(edit.act, edit.item_id, code, error.param))
        return True

    def give_up(self, reason: str) -> None:
        """The session has ended: every open edit gets its answer, later ones too."""
        self._reason = self._reason or reason
        self.over.set()
        for edit in self._open.values():
            edit.settle(error=SessionLost(reason))
        self._open.clear()

    # --- what the service says

    def _added(self, event: ev.ItemEvent, now: float) -> None:
        self._words.item(event, now)
        self._done("create", event.item.id)

    def _retrieved(self, event: ev.RetrievedEvent, now: float) -> None:
        self._done("retrieve", event.item.id, event.item)

    def _truncated(self, event: ev.TruncatedEvent, now: float) -> None:
        entry = self._words.history.find(event.item_id)
        if entry is not None:
            kept = min(event.audio_end_ms / 1000, entry.seconds)
            if entry.played is None:
                part = PlayedItem(entry.item_id, 0, entry.seconds, kept, "measured")
                entry.played = played_words(entry.text, part)
            entry.seconds = kept
        self._done("truncate", event.item_id)

    def _deleted(self, event: ev.DeletedEvent, now: float) -> None:
        self._words.history.confirm(event.item_id)
        self._done("delete", event.item_id)

    def _done(self, act: Act, item_id: str, item: ev.Item | None = None) -> None:
        for edit in self._open.values():
            if edit.act == act and edit.item_id == item_id:
                self.forget(edit)
                edit.settle(item)
                return

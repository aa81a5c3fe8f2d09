"""What a program does to items by hand, until the service has answered.

Each order has a name of its own, under which the service refuses it; what it does
instead it tells by the item's name. No await and no clock but in `ItemEdit.answer`.
"""

from __future__ import annotations

from itertools import count
from typing import Any, Literal
from uuid import uuid4

from anyio import Event

from voxpipe.pipeline import PlayedItem, SessionLost, VoxpipeError
from voxpipe.processors.realtime import events as ev
from voxpipe.processors.realtime.errors import ItemRefused

from .history import History
from .outbox import Outbox
from .truncation import played_words

Act = Literal["create", "retrieve", "truncate", "delete"]

MAX_EDITS = 1_024  # edits at once; more is a program that orders in a loop


class ItemEdit:
    """One thing that was asked of one item.

    Attributes:
        name: of the order.
        act: what was asked.
        item_id: of what.
        fields: of the order.
    """

    def __init__(
        self, name: str, act: Act, item_id: str, fields: dict[str, Any]
    ) -> None:
        self.name = name
        self.fields = fields
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
        history: follows.
        outbox: where client events go.

    Attributes:
        over: set when the session has ended.
    """

    def __init__(self, history: History, outbox: Outbox) -> None:
        self._history = history
        self._outbox = outbox
        self._open: dict[str, ItemEdit] = {}  # by the name of their order
        self._reason = ""
        self.over = Event()
        # Other clients may speak on the same session: names are ours alone.
        self._prefix = f"voxpipe_edit_{uuid4().hex[:8]}_"
        self._numbers = count(1)

    def ask(self, act: Act, item_id: str, **fields: Any) -> ItemEdit:
        """Ask the service to do something to an item.

        Raises:
            VoxpipeError: too many wait for their answer.
        """
        if len(self._open) >= MAX_EDITS:
            raise VoxpipeError(
                f"{MAX_EDITS} edits of items wait for the service's word"
            )
        name = f"{self._prefix}{next(self._numbers)}"
        edit = ItemEdit(name, act, item_id, fields)
        if self.over.is_set():
            edit.settle(error=SessionLost(self._reason))
            return edit
        self._open[edit.name] = edit
        if act != "create":
            fields["item_id"] = item_id
        elif fields.get("previous_item_id") == "root":
            self._history.expect_first(item_id)
        self._send(edit)
        return edit

    def _send(self, edit: ItemEdit) -> None:
        kind = f"conversation.item.{edit.act}"
        self._outbox.send(kind, event_id=edit.name, **edit.fields)

    def resume(self) -> None:
        """Another session knows the items: ask it for all that was not answered."""
        for edit in self._open.values():
            self._send(edit)

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
        edit.settle(error=ItemRefused(edit.act, edit.item_id, code, error.field))
        return True

    def give_up(self, reason: str) -> None:
        """The session has ended: every open edit gets its answer, later ones too."""
        self._reason = self._reason or reason
        self.over.set()
        for edit in self._open.values():
            edit.settle(error=SessionLost(reason))
        self._open.clear()

    # --- what the service says

    def added(self, event: ev.ItemEvent, now: float) -> None:
        """An item is in the conversation: two events tell of it."""
        self._done("create", event.item.id)

    def retrieved(self, event: ev.RetrievedEvent, now: float) -> None:
        """The service tells all of an item."""
        self._done("retrieve", event.item.id, event.item)

    def truncated(self, event: ev.TruncatedEvent, now: float) -> None:
        """An item ends earlier now."""
        entry = self._history.find(event.item_id)
        if entry is not None:
            kept = min(event.audio_end_ms / 1000, entry.seconds)
            if entry.played is None:
                part = PlayedItem(entry.item_id, 0, entry.seconds, kept, "measured")
                entry.played = played_words(entry.text, part)
            entry.seconds = kept
        self._done("truncate", event.item_id)

    def deleted(self, event: ev.DeletedEvent, now: float) -> None:
        """An item is gone."""
        self._history.confirm(event.item_id)
        self._done("delete", event.item_id)

    def _done(self, act: Act, item_id: str, item: ev.Item | None = None) -> None:
        for edit in self._open.values():
            if edit.act == act and edit.item_id == item_id:
                self.forget(edit)
                edit.settle(item)
                return

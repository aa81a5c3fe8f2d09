"""The conversation as it really was: items in the model's order, said and heard.

A slot is reserved when an item appears, so a transcript that comes late (they do) fills
the place where its words belong. It holds what it takes to tell the same conversation
to another session: words, tool calls and their results.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from .recent import Recent

Role = Literal["user", "agent", "system", "tool"]


@dataclass(slots=True)
class Entry:
    """One item of the conversation.

    Attributes:
        item_id: the service's name for it.
        role: whose it is; ``tool`` for calls and their results.
        text: all its words, as far as known; of a tool call its arguments, of a result
            its output.
        heard: of an interrupted reply, the words that were heard; else ``None``.
        final: nothing will be added to ``text``.
        call_id: joins a tool call to its result; empty for words.
        tool: what a tool call calls.
    """

    item_id: str
    role: Role
    text: str = field(default="", repr=False)
    heard: str | None = field(default=None, repr=False)
    final: bool = False
    call_id: str = ""
    tool: str = ""


class History:
    """Items in order of ``previous_item_id``; bounded.

    Args:
        limit: entries kept; the oldest go first.
    """

    def __init__(self, limit: int = 2_000) -> None:
        self._limit = limit
        self._order: list[str] = []
        self._entries: dict[str, Entry] = {}
        self._removed = Recent(limit)  # events about them come late

    def __iter__(self) -> Iterator[Entry]:
        return (self._entries[item_id] for item_id in tuple(self._order))

    def __len__(self) -> int:
        return len(self._order)

    def place(self, item_id: str, role: Role, previous: str | None) -> Entry:
        """The entry of an item, put behind ``previous`` when it is new.

        What is told of an item that was removed goes into an entry that nobody sees.
        """
        if item_id in self._removed:
            return Entry(item_id, role)
        entry = self._entries.get(item_id)
        if entry is None:
            at = len(self._order)
            if previous is not None and previous in self._entries:
                at = self._order.index(previous) + 1
            self._order.insert(at, item_id)
            entry = self._entries[item_id] = Entry(item_id, role)
            while len(self._order) > self._limit:
                del self._entries[self._order.pop(0)]
        return entry

    def find(self, item_id: str) -> Entry | None:
        """The entry of an item, if there is one."""
        return self._entries.get(item_id)

    def remove(self, item_id: str) -> bool:
        """Forget an item that was deleted, for good; ``False`` if that was done."""
        if self._entries.pop(item_id, None) is not None:
            self._order.remove(item_id)
        return self._removed.add(item_id)

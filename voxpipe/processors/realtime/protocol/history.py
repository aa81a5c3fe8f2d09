"""The conversation as it really was: items in the model's order, said and heard.

A slot is reserved when an item appears, so a transcript that comes late (they do) fills
the place where its words belong. It holds what it takes to tell the same conversation
to another session: words, tool calls and their results (see `retold`).

The service hears of a deletion later than we decide it, and may meanwhile put another
item behind the deleted one. So the place of a removed item is kept, empty, until the
service has confirmed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from voxpipe.pipeline.runtime.counted import counted_words
from voxpipe.pipeline.runtime.recent import Recent
from voxpipe.processors.realtime.events.items import Role


@dataclass(slots=True)
class Entry:
    """One item of the conversation.

    Attributes:
        item_id: the service's name for it.
        role: whose it is; ``tool`` for calls and their results.
        text: all its words, as far as known; of a tool call its arguments, of a result
            its output.
        played: of an interrupted reply, the words that were heard; else ``None``.
        final: nothing will be added to ``text``.
        call_id: joins a tool call to its result; empty for words.
        tool: what a tool call calls.
        result: of a call that the service makes itself: what it gave.
        kind: the service's type of it: ``message``, ``function_call`` …
        seconds: of what the model has spoken in it, once it is all there; what was
            truncated does not count.
        pictures: how many it shows; their bytes are not kept.
    """

    item_id: str
    role: Role
    text: str = field(default="", repr=False)
    played: str | None = field(default=None, repr=False)
    final: bool = False
    call_id: str = ""
    tool: str = ""
    result: str = field(default="", repr=False)
    kind: str = "message"
    seconds: float = 0.0
    pictures: int = 0

    def __str__(self) -> str:
        """What anybody may see of it; not its words."""
        told = [f"{self.role}: {counted_words(self.text, '.text')}"]
        if self.kind != "message":
            told.insert(0, f"{self.kind} {self.tool}".strip())
        if self.played is not None:
            told.append(f"heard: {counted_words(self.played, '.played')}")
        if self.result:
            told.append("its result in .result")
        if self.seconds:
            told.append(f"{self.seconds:.1f} s")
        if self.pictures:
            told.append(f"{self.pictures} pictures")
        return ", ".join(told)


class History:
    """Items in order of ``previous_item_id``; bounded.

    Args:
        limit: entries kept; the oldest go first.
    """

    def __init__(self, limit: int = 2_000) -> None:
        self._limit = limit
        self._order: list[str] = []  # with those that are removed and not yet confirmed
        self._entries: dict[str, Entry] = {}
        self._removed = Recent(limit)  # events about them come late
        self._firsts = Recent(limit)  # those that we have put at the beginning
        self._adrift: set[str] = set()  # at the end because nobody has said where

    def __iter__(self) -> Iterator[Entry]:
        entries = self._entries
        return iter([entries[name] for name in self._order if name in entries])

    def __repr__(self) -> str:
        return f"<History of {len(self)} items>"

    def __len__(self) -> int:
        return len(self._entries)

    def place(self, item_id: str, role: Role, previous: str | None) -> Entry:
        """The entry of an item, put behind ``previous`` when it is new.

        What is told of an item that was removed goes into an entry that nobody sees.

        Args:
            item_id: the service's name for it.
            role: whose it is.
            previous: the item before it, or ``None`` where that is not known, as it is
                the first or the service does not say; then it comes last.
        """
        if item_id in self._removed:
            return Entry(item_id, role)
        entry = self._entries.get(item_id)
        if entry is None:
            self._insert(item_id, previous)
            entry = self._entries[item_id] = Entry(item_id, role)
            while len(self._order) > self._limit:
                self._drop(self._order[0])
        elif item_id in self._adrift and previous in self._order:
            self._order.remove(item_id)
            self._insert(item_id, previous)
        return entry

    def expect_first(self, item_id: str) -> None:
        """An item of this name will stand before all others."""
        # The service says only that nothing is before it, which some say of every item.
        self._firsts.add(item_id)

    def find(self, item_id: str) -> Entry | None:
        """The entry of an item, if there is one."""
        return self._entries.get(item_id)

    def remove(self, item_id: str) -> bool:
        """Forget an item that is to be deleted; ``False`` if that was done."""
        self._entries.pop(item_id, None)
        return self._removed.add(item_id)

    def before(self, item_id: str) -> str:
        """The name of the entry before one; empty where it is the first."""
        found = ""
        for entry in self:
            if entry.item_id == item_id:
                break
            found = entry.item_id
        return found

    def rename(self, item_id: str, name: str) -> None:
        """An item takes the place of another, and has another name."""
        entry = self._entries.pop(item_id)
        entry.item_id = name
        self._entries[name] = entry
        self._order[self._order.index(item_id)] = name
        self._removed.add(item_id)

    def confirm(self, item_id: str) -> None:
        """The service has deleted it: nothing will be put behind it any more."""
        self.remove(item_id)
        if item_id in self._order:
            self._drop(item_id)

    def _insert(self, item_id: str, previous: str | None) -> None:
        self._adrift.discard(item_id)
        if previous is None and item_id in self._firsts:
            self._order.insert(0, item_id)
        elif previous is not None and previous in self._order:
            self._order.insert(self._order.index(previous) + 1, item_id)
        else:
            if self._order:
                self._adrift.add(item_id)
            self._order.append(item_id)

    def _drop(self, item_id: str) -> None:
        self._order.remove(item_id)
        self._entries.pop(item_id, None)
        self._adrift.discard(item_id)

"""A conversation told to the session that takes the place of a lost one.

What `exported` tells in words is told so; a picture that is still there is shown again,
and a turn of the caller's that nobody has written down is to be heard again.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any

from .export import LeftOut, exported
from .history import Entry, History
from .own_items import OwnItems


@dataclass(frozen=True, slots=True)
class Retold:
    """What another session is to be told.

    Attributes:
        items: by name, in order; ``None`` for a turn that it has to hear.
        left_out: what cannot be told.
    """

    items: dict[str, dict[str, Any] | None] = field(repr=False)  # what people said
    left_out: tuple[LeftOut, ...]


def retold(
    history: History,
    own: OwnItems,
    heard: Collection[str],
    *,
    was_called: Callable[[str], bool],
) -> Retold:
    """All that can be told of it; what nobody knows any more goes out of ``history``.

    Args:
        history: all items, as said and heard.
        own: pictures that the program has shown.
        heard: turns of the caller whose audio is there.
        was_called: whether a call was handed out. One that was still being written was
            lost with its session.
    """
    for entry in tuple(history):
        if _is_lost(entry, was_called):
            history.confirm(entry.item_id)
    told = exported(history)
    in_words = {item["id"]: item for item in told.items}
    items: dict[str, dict[str, Any] | None] = {}
    for entry in history:
        name = entry.item_id
        if name in own.pictures:
            items[name] = {**own.pictures[name], "id": name}
        elif name in in_words:
            items[name] = in_words[name]
        elif name in heard:
            items[name] = None
    # A picture that is shown again is not left out, nor is what is heard again.
    again = own.pictures.keys() | set(heard)
    left_out = [each for each in told.left_out if each.item_id not in again]
    return Retold(items, tuple(left_out))


def _is_lost(entry: Entry, was_called: Callable[[str], bool]) -> bool:
    if entry.kind == "function_call":
        return not was_called(entry.call_id)
    words = entry.text if entry.played is None else entry.played
    return entry.role == "agent" and not words.strip()

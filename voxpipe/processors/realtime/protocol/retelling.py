"""A conversation told to the session that takes the place of a lost one.

What `exported` tells in words is told so; a picture that is still there is shown again,
and a turn of the caller's that nobody has written down is told in their own voice.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from typing import Any

from .export import Export, exported
from .history import Entry, History
from .kept_audio import KeptAudio
from .own_items import OwnItems


def retold(
    history: History,
    own: OwnItems,
    kept: KeptAudio,
    *,
    was_called: Callable[[str], bool],
) -> Export:
    """All that can be told of it; what nobody knows any more goes out of ``history``.

    Args:
        history: all items, as said and heard.
        own: pictures that the program has shown.
        kept: turns of the caller without words.
        was_called: whether a call was handed out. One that was still being written was
            lost with its session.
    """
    for entry in tuple(history):
        if _is_lost(entry, was_called):
            history.confirm(entry.item_id)
    told = exported(history)
    again = {
        entry.item_id: item
        for entry in history
        if (item := _as_it_was(entry, own, kept)) is not None
    }
    in_words = {item["id"]: item for item in told.items}
    all_items = in_words | again
    names = [e.item_id for e in history if e.item_id in all_items]
    left_out = [each for each in told.left_out if each.item_id not in again]
    return Export(tuple(all_items[name] for name in names), tuple(left_out))


def _is_lost(entry: Entry, was_called: Callable[[str], bool]) -> bool:
    if entry.kind == "function_call":
        return not was_called(entry.call_id)
    words = entry.text if entry.played is None else entry.played
    return entry.role == "agent" and not words.strip()


def _as_it_was(entry: Entry, own: OwnItems, kept: KeptAudio) -> dict[str, Any] | None:
    shown = own.pictures.get(entry.item_id)
    if shown is not None:
        return {**shown, "id": entry.item_id}
    if entry.role != "user" or entry.text.strip():
        return None
    data = kept.of_item(entry.item_id)
    if not data:
        return None
    audio = {"type": "input_audio", "audio": b64encode(data).decode("ascii")}
    item = {"type": "message", "role": "user", "content": [audio]}
    return {"id": entry.item_id, **item}

"""What an interruption takes back from the model's memory, and what stays."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import replace

from voxpipe.pipeline import PlayedItem

from .outbox import ClientEvent
from .words import first_words


def take_back(
    items: Mapping[str, Sequence[PlayedItem]], whole: Container[str]
) -> list[ClientEvent]:
    """The client events that leave of each item what was played.

    Nothing is sent for an item that was played to its end. One of which nothing was
    played is deleted: the service refuses to cut to 0 ms.

    Args:
        items: the parts of each item of the reply, as `by_item` gives them.
        whole: items that are complete. Of another one the service may have made more
            than has come in, so it is cut even where all that came in was played.
    """
    events: list[ClientEvent] = []
    for item_id, parts in items.items():
        if all(_milliseconds(part) == 0 for part in parts):
            events.append(deletion(item_id))
        else:
            events.extend(
                _truncation(part)
                for part in parts
                if part.played < part.generated or item_id not in whole
            )
    return events


def by_item(items: Iterable[PlayedItem]) -> dict[str, list[PlayedItem]]:
    """The parts of each item, in order, each once.

    A ledger has an entry for each stretch of audio, and a service that mixes its items
    up makes several of one part.
    """
    parts: dict[tuple[str, int], PlayedItem] = {}
    for item in items:
        key = item.item_id, item.content_index
        before = parts.get(key)
        if before is not None:
            item = replace(
                item,
                generated=before.generated + item.generated,
                played=before.played + item.played,
            )
        parts[key] = item
    grouped: dict[str, list[PlayedItem]] = {}
    for (item_id, _), item in parts.items():
        grouped.setdefault(item_id, []).append(item)
    return grouped


def deletion(item_id: str) -> ClientEvent:
    """The client event that removes an item of which nothing was played."""
    return {"type": "conversation.item.delete", "item_id": item_id}


def played_words(said: str, item: PlayedItem) -> str:
    """The words that fit into what was played; an estimate, for words carry no time."""
    if item.played >= item.generated:
        return said
    return first_words(said, item.played / item.generated)


def _truncation(part: PlayedItem) -> ClientEvent:
    return {
        "type": "conversation.item.truncate",
        "item_id": part.item_id,
        "content_index": part.content_index,
        "audio_end_ms": max(1, _milliseconds(part)),
    }


def _milliseconds(part: PlayedItem) -> int:
    # Rounded down: the service refuses to keep more than it has made.
    return int(part.played * 1000)

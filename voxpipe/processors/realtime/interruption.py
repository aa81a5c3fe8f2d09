"""What an interruption takes back from the model's memory, and what stays."""

from __future__ import annotations

from typing import Any

from voxpipe.pipeline import HeardItem


def truncation(item: HeardItem) -> dict[str, Any] | None:
    """The order that leaves of an item what was heard; ``None`` if all of it was.

    An item of which nothing was heard is deleted: the service refuses to cut to 0 ms.
    """
    if item.heard >= item.generated:
        return None
    # Rounded down: the service refuses to keep more than it has made. A microsecond more
    # keeps 3.26 s, which floats make 3.2599…, from becoming 3259 ms.
    heard_ms = int(item.heard * 1000 + 0.001)
    if heard_ms <= 0:
        return {"type": "conversation.item.delete", "item_id": item.item_id}
    return {
        "type": "conversation.item.truncate",
        "item_id": item.item_id,
        "content_index": item.content_index,
        "audio_end_ms": heard_ms,
    }


def heard_words(said: str, item: HeardItem) -> str:
    """The words that fit into what was heard; an estimate, for words carry no time."""
    if item.heard >= item.generated:
        return said
    words = said.split()
    count = int(len(words) * item.heard / item.generated)
    return " ".join(words[:count])

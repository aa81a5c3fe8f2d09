"""What we have put into the conversation, as far as only we know it.

The service confirms each item that it is sent, in order. Until then another session
would have to be told it once more. Pictures it would have to be told for ever, because
the history has words only: the newest are kept.
"""

from __future__ import annotations

from collections import deque
from typing import Any

from voxpipe.processors.realtime import events as ev

Created = dict[str, Any]
"""An item as the service reads it."""

MAX_WAITING = 256  # items that were not confirmed; those of all tools that can be open
MAX_PICTURES = 4 * 2**20  # characters of data URIs that are kept


class OwnItems:
    """Knows them.

    Attributes:
        waiting: those that the service has not confirmed, in order.
        pictures: items with pictures, by the name that the service has given them.
    """

    def __init__(self) -> None:
        self.waiting: deque[Created] = deque(maxlen=MAX_WAITING)
        self.pictures: dict[str, Created] = {}
        self._size = 0  # characters of them

    def add(self, item: Created) -> None:
        """One is on its way."""
        if item["type"] in ("message", "function_call_output"):
            self.waiting.append(item)

    def confirmed(self, item: ev.Item) -> None:
        """The service has an item: perhaps one of these, and all before it."""
        for number, own in enumerate(self.waiting):
            if _is(own, item):
                for _ in range(number + 1):
                    self.waiting.popleft()
                if _pictures_in(own):
                    self._keep(item.id, own)
                return

    def _keep(self, item_id: str, own: Created) -> None:
        self.pictures[item_id] = own
        self._size += _pictures_in(own)
        while self._size > MAX_PICTURES:
            oldest = self.pictures.pop(next(iter(self.pictures)))
            self._size -= _pictures_in(oldest)


def _is(own: Created, item: ev.Item) -> bool:
    if own["type"] != item.type:
        return False
    if item.type == "function_call_output":
        return bool(own["call_id"] == item.call_id)
    parts = own["content"]
    words = " ".join(part.get("text", "") for part in parts).strip()
    shown = sum(1 for part in parts if part["type"] == "input_image")
    return (own["role"], words, shown) == (item.role, item.words, item.pictures)


def _pictures_in(own: Created) -> int:
    parts = own.get("content", ())
    return sum(len(part.get("image_url", "")) for part in parts)

"""A conversation laid out for another session, from its ledger.

What was said is told in words, for no service takes audio of the model's from outside:
of a reply that was interrupted the words that were heard. Calls are told with their
results. What cannot be told is listed, and a picture leaves a note where it stood, so
that the model knows that it cannot see it any more.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from .history import Entry

Why = Literal["picture", "no words", "no call", "not ours to tell"]

PICTURE = "(a picture, which you cannot see any more)"
_PARTS = {"user": "input_text", "system": "input_text", "agent": "output_text"}
_ROLES = {"user": "user", "system": "system", "agent": "assistant"}


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Something that another session cannot be told.

    Attributes:
        item_id: where it stood.
        why: ``no words``: nobody has written down what was said, or nothing was heard
            of it. ``no call``: a result whose call is not known. ``not ours to tell``:
            items that only the service makes, as those of MCP servers.
    """

    item_id: str
    why: Why


@dataclass(frozen=True, slots=True)
class Export:
    """A conversation as items to be created, in order.

    Attributes:
        items: for ``conversation.item.create``; they keep their names.
        left_out: what is missing in them.
    """

    items: tuple[dict[str, Any], ...] = field(repr=False)  # what people said
    left_out: tuple[LeftOut, ...]


def exported(history: Iterable[Entry]) -> Export:
    """All that another session can be told of a conversation."""
    items: list[dict[str, Any]] = []
    left_out: list[LeftOut] = []
    calls: set[str] = set()
    for entry in history:
        item, why = _tool(entry, calls) if entry.role == "tool" else _message(entry)
        if item is not None:
            items.append({"id": entry.item_id, **item})
        if why is not None:
            left_out.append(LeftOut(entry.item_id, why))
    return Export(tuple(items), tuple(left_out))


def _message(entry: Entry) -> tuple[dict[str, Any] | None, Why | None]:
    words = entry.text if entry.played is None else entry.played
    pieces = [PICTURE] * entry.pictures + ([words] if words.strip() else [])
    if not pieces:
        return None, "no words"
    kind = _PARTS[entry.role]
    content = [{"type": kind, "text": piece} for piece in pieces]
    item = {"type": "message", "role": _ROLES[entry.role], "content": content}
    return item, "picture" if entry.pictures else None


def _tool(entry: Entry, calls: set[str]) -> tuple[dict[str, Any] | None, Why | None]:
    if entry.kind == "function_call":
        calls.add(entry.call_id)
        item = {"type": entry.kind, "name": entry.tool, "call_id": entry.call_id}
        return item | {"arguments": entry.text}, None
    if entry.kind != "function_call_output":
        return None, "not ours to tell"
    if entry.call_id not in calls:
        return None, "no call"
    item = {"type": entry.kind, "call_id": entry.call_id, "output": entry.text}
    return item, None

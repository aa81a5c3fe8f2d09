"""Which old turns a summary can take the place of, and how it is asked for.

Tokens are estimated, as the service counts them only for a whole reply: a second of the
caller is 10 of them, a second of the model 20, and a token of text is 4 characters.
Where nobody has measured how long somebody spoke, their words tell: people say 15
characters a second.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from voxpipe.processors.realtime.protocol.history import Entry

LARGEST = 500  # items in one summary; what is left is for the next
WORDS = (
    "Summarise the conversation so far for yourself, as you will not remember it: what "
    "the user wants and has told you, what was decided, looked up and promised, and "
    "what is still open. Names, numbers and dates exactly. Write only the summary, "
    "in at most {words} words."
)
_OPENING = "What was said before, in short: "
_ITEM = 4  # tokens that every item costs besides what is in it
_PICTURE = 800  # one of usual size, looked at closely
_CHARACTERS = 4.0  # of text, in a token
_SPEECH = 15.0  # characters that are spoken in a second
_USER, _AGENT = 10.0, 20.0  # tokens in a second of speech
_MAY_GO = {"message", "function_call", "function_call_output", "mcp_call"}


@dataclass(frozen=True, slots=True)
class Summary:
    """What has taken the place of old turns.

    Attributes:
        item_id: the system item that holds it.
        text: what the model has written down.
        replaced: the items that are gone.
    """

    item_id: str
    text: str = field(repr=False)
    replaced: tuple[str, ...]


def tokens_of(entry: Entry) -> int:
    """About how many tokens an item is in the input of every reply."""
    written = (len(entry.text) + len(entry.result)) / _CHARACTERS
    spoken = entry.seconds or len(entry.text) / _SPEECH
    if entry.kind != "message" or entry.role == "system":
        size = written
    elif entry.role == "user":
        size = spoken * _USER + entry.pictures * _PICTURE
    else:  # what was truncated has no words any more
        size = written * (entry.played is None) + entry.seconds * _AGENT
    return _ITEM + round(size)


def old_turns(
    history: Iterable[Entry], budget: float, summaries: Iterable[str] = ()
) -> Sequence[Entry]:
    """The items to be replaced so that those that stay fit into ``budget`` tokens.

    They are the oldest ones. The last turn always stays, as do system items that are no
    summaries, calls that wait for their result, and whatever else is no more than half
    of a pair.

    Args:
        history: all items, in order.
        budget: in tokens.
        summaries: items that were made here, and can be summarised again.
    """
    entries = list(history)
    stays = _first_to_stay(entries, budget)
    made_here = set(summaries)
    old = [entry for entry in entries[:stays] if _may_go(entry, made_here)][:LARGEST]
    # A call and its result go together, or stay together.
    paired: dict[str, int] = {}
    for entry in old:
        if entry.call_id:
            paired[entry.call_id] = paired.get(entry.call_id, 0) + 1
    return [each for each in old if not each.call_id or paired[each.call_id] > 1]


def request(old: Iterable[Entry], tokens: float) -> dict[str, Any]:
    """The options of the reply out of band that summarises these items.

    Args:
        old: what is to be summarised.
        tokens: for the summary.
    """
    wish = WORDS.format(words=max(30, round(tokens * 0.7)))
    part = {"type": "input_text", "text": wish}
    last = {"type": "message", "role": "user", "content": [part]}
    references = [{"type": "item_reference", "id": entry.item_id} for entry in old]
    return {
        "conversation": "none",
        "input": [*references, last],
        "instructions": wish,
        "output_modalities": ["text"],
        "tools": [],
        "tool_choice": "none",
    }


def item_with(text: str, item_id: str) -> dict[str, Any]:
    """The system item that holds a summary."""
    part = {"type": "input_text", "text": _OPENING + text}
    return {"type": "message", "id": item_id, "role": "system", "content": [part]}


def _may_go(entry: Entry, made_here: set[str]) -> bool:
    if entry.role == "system":
        return entry.item_id in made_here
    return entry.kind in _MAY_GO


def _first_to_stay(entries: Sequence[Entry], budget: float) -> int:
    """The index from which on all fits, with the last turn of the user in it."""
    turns = [n for n, entry in enumerate(entries) if entry.role == "user"]
    stays = turns[-1] if turns else max(0, len(entries) - 1)
    left = budget - sum(tokens_of(entry) for entry in entries[stays:])
    while stays and (left := left - tokens_of(entries[stays - 1])) >= 0:
        stays -= 1
    return stays

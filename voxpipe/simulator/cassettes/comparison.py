"""What a client sends, by its meaning: which of it must come in which order, and equal.

Names that the client makes up anew each time (ids of events and items) mean nothing.
Sound is counted, not compared. What an interruption brings (cancel, truncate) depends
on how much was heard: it may come at any time, and only has to come.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from voxpipe.simulator.protocol.json_types import is_array, is_object, mapped, value_in

from .redaction import kind_of

Event = Mapping[str, Any]

LOOSE = {
    "response.cancel": "response_id",
    "conversation.item.truncate": "item_id",
    "output_audio_buffer.clear": "",
}
"""Events that come when they come, by the field that tells them apart."""

_MAX_SHOWN = 60  # characters of a value in a message
_OWN = "(own id)"
_RESULT = "function_call_output"


def name_of(event: Event) -> str:
    """What the event is, for people: its type, and whose result."""
    kind = kind_of(event)
    item = event.get("item")
    if kind == "conversation.item.create" and is_object(item):
        if item.get("type") == _RESULT:
            return f"{kind} (result of {item.get('call_id')})"
        return f"{kind} ({item.get('role') or item.get('type')})"
    if LOOSE.get(kind):
        return f"{kind} ({event.get(LOOSE[kind])})"
    return kind


def is_result(event: Event) -> bool:
    """Whether it is a tool's result: these may overtake one another."""
    item = event.get("item")
    return is_object(item) and item.get("type") == _RESULT


def own_names(event: Event) -> Iterator[str]:
    """The ids that the client made up in ``event``, always in the same order."""
    id = event.get("event_id")
    if isinstance(id, str):
        yield id
    item = event.get("item")
    if event.get("type") == "conversation.item.create" and is_object(item):
        id = item.get("id")
        if isinstance(id, str):
            yield id


def differences(
    expected: Event,
    got: Event,
    names: Mapping[str, str],
    ignore: Collection[str] = (),
) -> list[str]:
    """Where two events of the same name differ, each with both values.

    Args:
        expected: as it was recorded.
        got: as it came.
        names: the client's ids of the recording, and what they are now.
        ignore: paths that may differ, with all that is under them.
    """
    return [
        told
        for path, told in _differing(_meaning(expected, names), _meaning(got, {}), "")
        if not any(path == each or path.startswith(f"{each}.") for each in ignore)
    ]


def _meaning(event: Event, names: Mapping[str, str]) -> dict[str, Any]:
    own = dict.fromkeys(own_names(event), _OWN)
    meaning: dict[str, Any] = mapped(
        dict(event), lambda text: own.get(text) or names.get(text, text)
    )
    meaning.pop("event_id", None)
    item = meaning.get("item")
    if is_object(item):
        if item.get("id") == _OWN:
            del item["id"]
        if item.get("type") == _RESULT:
            item["output"] = value_in(item.get("output"))
    return meaning


def _differing(expected: Any, got: Any, path: str) -> Iterator[tuple[str, str]]:
    if is_object(expected) and is_object(got):
        for name in sorted(expected.keys() | got.keys()):
            step = f"{path}.{name}" if path else name
            if name not in got:
                yield step, f"{step} is missing, it was {_shown(expected[name])}"
            elif name not in expected:
                yield step, f"{step} is new: {_shown(got[name])}"
            else:
                yield from _differing(expected[name], got[name], step)
    elif is_array(expected) and is_array(got) and len(expected) == len(got):
        for index, (one, other) in enumerate(zip(expected, got, strict=True)):
            yield from _differing(one, other, f"{path}[{index}]")
    elif expected != got:
        yield path, f"{path} was {_shown(expected)}, now it is {_shown(got)}"


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _MAX_SHOWN else text[: _MAX_SHOWN - 1] + "…"

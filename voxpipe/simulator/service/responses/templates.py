"""Fills what a script says with tool results: names and dots, nothing is evaluated."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from voxpipe.simulator.protocol.json_types import is_array, is_object, value_in
from voxpipe.simulator.service.conversation.items import Item

_FIELD = re.compile(r"\{(result|results|heard)((?:\.[\w-]+)*)\}")
_ABSENT = object()


def fill(text: str, items: Iterable[Item]) -> str:
    """``text`` with its fields filled from the conversation so far.

    A field that leads nowhere is said: ``(no result.temperature)``.
    """
    if "{" not in text:
        return text
    known = _known(items)

    def value(match: re.Match[str]) -> str:
        found: Any = known.get(match[1], _ABSENT)
        for step in match[2].split(".")[1:]:
            found = _step(found, step)
        return f"(no {match[0][1:-1]})" if found is _ABSENT else _spoken(found)

    return _FIELD.sub(value, text)


def _known(items: Iterable[Item]) -> dict[str, Any]:
    known: dict[str, Any] = {"results": {}}
    names: dict[str, str] = {}
    for item in items:
        if item.type == "function_call":
            names[item.call.get("call_id", "")] = item.call["name"]
        elif item.type == "function_call_output":
            known["result"] = value_in(item.call["output"])
            name = names.get(item.call["call_id"])
            if name is not None:
                known["results"][name] = known["result"]
        elif item.type == "mcp_call" and item.result:
            known["result"] = value_in(item.result[0])
            known["results"][item.call["name"]] = known["result"]
        elif item.role == "user" and item.words:
            known["heard"] = item.words
    return known


def _step(value: Any, name: str) -> Any:
    if is_object(value):
        return value.get(name, _ABSENT)
    if is_array(value) and name.isdecimal() and len(name) < 7:
        return value[int(name)] if int(name) < len(value) else _ABSENT
    return _ABSENT


def _spoken(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)

"""Telling JSON values apart, for type checkers too."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NoReturn, TypeGuard


def is_object(value: object) -> TypeGuard[dict[str, Any]]:
    """Whether a parsed JSON value is an object."""
    return isinstance(value, dict)


def is_array(value: object) -> TypeGuard[list[Any]]:
    """Whether a parsed JSON value is an array."""
    return isinstance(value, list)


def object_in(text: str | bytes) -> dict[str, Any] | None:
    """The JSON object that ``text`` is; ``None`` when it is something else."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if is_object(value) else None


def value_in(text: Any) -> Any:
    """The JSON value that ``text`` is, or what it is otherwise."""
    try:
        return json.loads(text)
    except (TypeError, ValueError, RecursionError):
        return text


def mapped(value: Any, change: Callable[[str], str]) -> Any:
    """``value`` with every text in it changed; the names of fields stay."""
    if is_object(value):
        return {name: mapped(each, change) for name, each in value.items()}
    if is_array(value):
        return [mapped(each, change) for each in value]
    return change(value) if isinstance(value, str) else value


def not_json(constant: str) -> NoReturn:
    """Refuse what Python takes for JSON and nobody else does: NaN and Infinity."""
    raise ValueError(constant)

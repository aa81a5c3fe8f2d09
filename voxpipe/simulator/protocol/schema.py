"""Shapes of JSON values, and the service's own words for what does not fit.

Each shape is called with a value and its dotted path, and returns the value or raises a
`Refusal` whose ``param`` is the path of what is wrong. Pydantic is not used here: its
messages are not the service's, and a session update names exactly one field.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

from voxpipe.simulator.errors import (
    Refusal,
    invalid_type,
    invalid_value,
    missing,
    unknown,
)

from .json_types import is_array, is_object

Shape = Callable[[Any, str], Any]


def at(path: str, name: str) -> str:
    """The dotted path of a field in the object at ``path``."""
    return f"{path}.{name}" if path else name


def text(longest: int = 1 << 20) -> Shape:
    """A string of at most ``longest`` characters."""

    def check(value: Any, path: str) -> Any:
        if type(value) is not str:
            raise invalid_type(path, value, "a string")
        if len(value) > longest:
            raise Refusal(
                "string_above_max_length",
                f"Invalid '{path}': string too long. Expected a string with maximum "
                f"length {longest}, but got a string with length {len(value)} instead.",
                path,
            )
        return value

    return check


def matching(pattern: str, what: str) -> Shape:
    """A string that ``pattern`` matches as a whole; ``what`` describes it."""
    compiled = re.compile(pattern)
    is_text = text()

    def check(value: Any, path: str) -> Any:
        if not compiled.fullmatch(is_text(value, path)):
            raise Refusal("invalid_value", f"Invalid '{path}': expected {what}.", path)
        return value

    return check


def one_of(*values: str) -> Shape:
    """One of these strings."""

    def check(value: Any, path: str) -> Any:
        if type(value) is not str:
            raise invalid_type(path, value, "a string")
        if value not in values:
            raise invalid_value(path, value, values)
        return value

    return check


def number(lowest: float, highest: float) -> Shape:
    """A number in this range."""

    def check(value: Any, path: str) -> Any:
        if type(value) not in (int, float) or not math.isfinite(value):
            raise invalid_type(path, value, "a number")
        return _ranged(value, path, "decimal", lowest, highest)

    return check


def integer(lowest: int, highest: int) -> Shape:
    """A whole number in this range."""

    def check(value: Any, path: str) -> Any:
        if type(value) is not int:
            raise invalid_type(path, value, "an integer")
        return _ranged(value, path, "integer", lowest, highest)

    return check


def _ranged(value: Any, path: str, kind: str, lowest: float, highest: float) -> Any:
    if value < lowest:
        word, sign, bound = "below_min", ">=", lowest
    elif value > highest:
        word, sign, bound = "above_max", "<=", highest
    else:
        return value
    side = "below minimum" if value < lowest else "above maximum"
    raise Refusal(
        f"{kind}_{word}_value",
        f"Invalid '{path}': {kind} {side} value. Expected a value {sign} {bound}, "
        f"but got {str(value)[:40]} instead.",
        path,
    )


def boolean(value: Any, path: str) -> Any:
    """True or false."""
    if type(value) is not bool:
        raise invalid_type(path, value, "a boolean")
    return value


def an_object(value: Any, path: str) -> dict[str, Any]:
    """Any JSON object."""
    if not is_object(value):
        raise invalid_type(path, value, "an object")
    return value


def nullable(shape: Shape) -> Shape:
    """``shape`` or null."""

    def check(value: Any, path: str) -> Any:
        return None if value is None else shape(value, path)

    return check


def either(expected: str, **shapes: Shape) -> Shape:
    """A shape chosen by the JSON type: ``text=`` or ``object=``."""

    def check(value: Any, path: str) -> Any:
        kind = "object" if is_object(value) else "text" if type(value) is str else ""
        shape = shapes.get(kind)
        if shape is None:
            raise invalid_type(path, value, expected)
        return shape(value, path)

    return check


def array(shape: Shape, longest: int) -> Shape:
    """A list of at most ``longest`` of these."""

    def check(value: Any, path: str) -> Any:
        if not is_array(value):
            raise invalid_type(path, value, "an array")
        if len(value) > longest:
            raise Refusal(
                "array_above_max_length",
                f"Invalid '{path}': array too long. Expected an array with maximum "
                f"length {longest}, but got an array with length {len(value)} "
                "instead.",
                path,
            )
        return [shape(each, f"{path}[{index}]") for index, each in enumerate(value)]

    return check


def fields(shapes: Mapping[str, Shape], *required: str) -> Shape:
    """An object with no other fields than these."""

    def check(value: Any, path: str) -> Any:
        asked = an_object(value, path)
        for name in required:
            if name not in asked:
                raise missing(at(path, name))
        checked: dict[str, Any] = {}
        for name, each in asked.items():
            shape = shapes.get(name)
            if shape is None:
                raise unknown(at(path, name[:60]))
            checked[name] = shape(each, at(path, name))
        return checked

    return check


def overrides(shapes: Mapping[str, Shape]) -> Shape:
    """An object that is put over others: what is null there is left as it is."""
    check_fields = fields({name: nullable(shape) for name, shape in shapes.items()})

    def check(value: Any, path: str) -> Any:
        checked = check_fields(value, path)
        return {name: each for name, each in checked.items() if each is not None}

    return check


def tagged(tag: str, shapes: Mapping[str, Shape]) -> Shape:
    """An object whose field ``tag`` says which of these the rest of it is."""

    def check(value: Any, path: str) -> Any:
        asked = an_object(value, path)
        if tag not in asked:
            raise missing(at(path, tag))
        name = asked[tag]
        if type(name) is not str:
            raise invalid_type(at(path, tag), name, "a string")
        if name not in shapes:
            raise invalid_value(at(path, tag), name, tuple(shapes))
        rest = {key: each for key, each in asked.items() if key != tag}
        return {tag: name, **shapes[name](rest, path)}

    return check

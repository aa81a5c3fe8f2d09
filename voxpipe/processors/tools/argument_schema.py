"""What a tool takes: from the JSON that a model wrote to keyword arguments.

Of a Python function (``signature.py``) that is checked strictly; of a schema that
somebody else has written (an MCP server), they check.
"""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any, Protocol, cast

from pydantic_core import from_json

from .context import ContextParameter
from .errors import ArgumentsError
from .foreign_schema import normalised

MAX_ARGUMENTS = 65_536  # characters; a reply of 4,096 tokens has about 16,000
_NONE = ("", "null", '""')  # how some models write that there are no arguments


class ArgumentSchema(Protocol):
    """What a tool takes."""

    @property
    def schema(self) -> dict[str, Any]:
        """As JSON schema; a copy."""
        ...

    @property
    def progress(self) -> str | None:
        """The parameter by which the tool reports its progress."""
        ...

    @property
    def context(self) -> ContextParameter | None:
        """The parameter by which the tool is given its context."""
        ...

    @property
    def oddities(self) -> tuple[str, ...]:
        """What in it the model is not told of."""
        ...

    def arguments(self, text: str) -> dict[str, Any]:
        """Read what a model wrote.

        Raises:
            ArgumentsError: what is wrong, in words for the model.
        """
        ...


class RawSchema:
    """A JSON schema that somebody else has written: any object is taken.

    The service is told of it in the shape that it takes: an object at the top, without
    references and choices, with the items of every array.

    Args:
        schema: of an object; ``None`` for one of which nothing is known.

    Raises:
        ToolError: it takes something else than an object, or has no end.
    """

    progress = None
    context = None

    def __init__(self, schema: object) -> None:
        self._schema, self._oddities = normalised(schema)

    @property
    def schema(self) -> dict[str, Any]:
        """As the service is told of it; a copy."""
        return deepcopy(self._schema)

    @property
    def oddities(self) -> tuple[str, ...]:
        """What in it could not be understood, and was left out."""
        return self._oddities

    def arguments(self, text: str) -> dict[str, Any]:
        """The object that the model wrote.

        Raises:
            ArgumentsError: it is no JSON object.
        """
        return check_json(text)


def check_json(text: str) -> dict[str, Any]:
    """The JSON object in ``text``; an empty one for nothing at all, however written.

    Raises:
        ArgumentsError: there is none, or too much of it.
    """
    if len(text) > MAX_ARGUMENTS:
        raise ArgumentsError(
            f"expected at most {MAX_ARGUMENTS} characters of JSON, got {len(text)}"
        )
    if text.strip() in _NONE:
        return {}
    try:
        value: object = from_json(text, allow_inf_nan=False)
        json.dumps(value, allow_nan=False)  # finds the infinity that 1e999 is
    except (ValueError, TypeError) as error:
        raise ArgumentsError(f"expected a JSON object: {error}") from None
    if not isinstance(value, dict):
        kind = _KINDS.get(type(value), "something else")
        raise ArgumentsError(f"expected a JSON object, got {kind}")
    return cast("dict[str, Any]", value)


_KINDS: dict[type, str] = {
    list: "an array",
    str: "a string",
    bool: "true or false",
    int: "a number",
    float: "a number",
}

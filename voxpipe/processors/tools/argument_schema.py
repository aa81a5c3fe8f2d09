"""What a tool takes: from the JSON that a model wrote to keyword arguments.

Of a Python function (``signature.py``) that is checked strictly; of a schema that
somebody else has written (an MCP server), they check.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from copy import deepcopy
from typing import Any, Protocol, cast

from pydantic_core import from_json

from .errors import ArgumentsError

MAX_ARGUMENTS = 65_536  # characters; a reply of 4,096 tokens has about 16,000


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

    def arguments(self, text: str) -> dict[str, Any]:
        """Read what a model wrote.

        Raises:
            ArgumentsError: what is wrong, in words for the model.
        """
        ...


class RawSchema:
    """A JSON schema as somebody has written it: any object is taken.

    Args:
        schema: of type ``object``.
    """

    progress = None

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self._schema = deepcopy(dict(schema))

    @property
    def schema(self) -> dict[str, Any]:
        """As it was given; a copy."""
        return deepcopy(self._schema)

    def arguments(self, text: str) -> dict[str, Any]:
        """The object that the model wrote.

        Raises:
            ArgumentsError: it is no JSON object.
        """
        return check_json(text if text.strip() else "{}")


def check_json(text: str) -> dict[str, Any]:
    """The JSON object in ``text``.

    Raises:
        ArgumentsError: there is none, or too much of it.
    """
    if len(text) > MAX_ARGUMENTS:
        raise ArgumentsError(
            f"expected at most {MAX_ARGUMENTS} characters of JSON, got {len(text)}"
        )
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
    type(None): "null",
}

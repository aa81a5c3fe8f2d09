"""What a tool takes: from the JSON that a model wrote to keyword arguments.

Two kinds: the parameters of a Python function, checked strictly, and a schema that
somebody else has written and checks (an MCP server).
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any, Protocol, cast

from pydantic import ValidationError
from pydantic_core import ErrorDetails, from_json

from .errors import ArgumentsError
from .signature import arguments_model, progress_of, schema_of

LONGEST_ARGUMENTS = 65_536  # characters; a reply of 4,096 tokens has about 16,000
_MOST_COMPLAINTS = 10  # fields; a model that is wrong in more is wrong altogether


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


class Parameters:
    """Those of a function.

    Args:
        function: with annotated parameters that can be given by name.
        name: of the tool, for messages.
        texts: what is known about each parameter.
        local_names: where annotations are looked up beside the function's globals.

    Raises:
        ToolError: a parameter that cannot be described to a model.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        name: str,
        texts: Mapping[str, str],
        local_names: Mapping[str, Any],
    ) -> None:
        self.progress = progress_of(function, name, local_names)
        self._model = arguments_model(function, name, texts, local_names)
        self._names = tuple(inspect.signature(function).parameters)
        self._schema = schema_of(self._model, name)

    @property
    def schema(self) -> dict[str, Any]:
        """As JSON schema; a copy."""
        return deepcopy(self._schema)

    def arguments(self, text: str) -> dict[str, Any]:
        """The keyword arguments; defaults left out.

        Raises:
            ArgumentsError: what is wrong, field by field, in words for the model.
        """
        text = text if text.strip() else "{}"  # how some models say "no arguments"
        check_json(text)
        try:
            model = self._model.model_validate_json(text, strict=True)
        except ValidationError as error:
            details = error.errors(include_url=False, include_context=False)
            raise ArgumentsError("\n".join(_complaints(details))) from None
        return {
            name: getattr(model, f"p{at}")
            for at, name in enumerate(self._names)
            if f"p{at}" in model.model_fields_set
        }


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
    if len(text) > LONGEST_ARGUMENTS:
        raise ArgumentsError(
            f"expected at most {LONGEST_ARGUMENTS} characters of JSON, got {len(text)}"
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


def _complaints(details: list[ErrorDetails]) -> list[str]:
    lines = [
        f"{'.'.join(str(part)[:64] for part in each['loc'])}: {_said(each)}"
        for each in details[:_MOST_COMPLAINTS]
    ]
    left = len(details) - len(lines)
    return [*lines, f"and {left} more"] if left else lines


def _said(detail: ErrorDetails) -> str:
    if detail["type"] == "missing":
        return "this argument is missing"
    if detail["type"] == "extra_forbidden":
        return "there is no such argument"
    return detail["msg"]

"""`@tool`: a function that a model may call.

What a model writes is checked strictly: ``"5"`` is no integer, an unknown argument is
an error, and so are NaN and Infinity. The schema says the same, so that a model which
follows it is never refused.
"""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Callable, Mapping
from copy import deepcopy
from functools import update_wrapper
from types import BuiltinFunctionType, FunctionType, MethodType
from typing import Any, Generic, ParamSpec, TypeVar, cast, overload

from pydantic import ValidationError
from pydantic_core import ErrorDetails, from_json

from .docstring import read_docstring
from .errors import ArgumentsError, ToolError
from .signature import arguments_model, schema_of

P = ParamSpec("P")
R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)

LONGEST_ARGUMENTS = 65_536  # characters; a reply of 4,096 tokens has about 16,000
_MOST_COMPLAINTS = 10  # fields; a model that is wrong in more is wrong altogether
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")  # what the API takes


class Tool(Generic[P, R_co]):
    """A function, and what a model must know to call it; made by `tool`.

    Calling it is calling the function.

    Attributes:
        function: the function itself.
        name: what the model calls it.
        description: its docstring, up to the first section.
        timeout: seconds that one call may take; ``None`` leaves it to the router.
    """

    def __init__(
        self,
        function: Callable[P, R_co],
        *,
        name: str | None = None,
        timeout: float | None = None,
        local_names: Mapping[str, Any] | None = None,
    ) -> None:
        self.name = _checked_name(function, name)
        if timeout is not None and not timeout > 0:
            raise ToolError(
                f"a timeout is a number of seconds above 0, not {timeout!r}"
            )
        self.function = function
        self.timeout = timeout
        self.description, texts = read_docstring(inspect.getdoc(function))
        self._model = arguments_model(function, self.name, texts, local_names or {})
        self._names = tuple(inspect.signature(function).parameters)
        self._parameters = schema_of(self._model, self.name)
        update_wrapper(self, function)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R_co:
        """Call the function."""
        return self.function(*args, **kwargs)

    def __repr__(self) -> str:
        return f"<Tool {self.name}>"

    @property
    def is_async(self) -> bool:
        """Whether it runs in the event loop; a plain function gets a thread."""
        return inspect.iscoroutinefunction(self.function)

    @property
    def schema(self) -> dict[str, Any]:
        """What a session is told of it."""
        return {
            "type": "function",
            "name": self.name,
            "description": self.description,
            "parameters": deepcopy(self._parameters),
        }

    def arguments(self, text: str) -> dict[str, Any]:
        """The keyword arguments in the JSON that a model wrote; defaults left out.

        Raises:
            ArgumentsError: what is wrong, field by field, in words for the model.
        """
        text = text if text.strip() else "{}"  # how some models say "no arguments"
        _check_json(text)
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

    def start(self, arguments: Mapping[str, Any]) -> Any:
        """Call it with what `arguments` gave."""
        return cast("Callable[..., Any]", self.function)(**arguments)


@overload
def tool(function: Callable[P, R], /) -> Tool[P, R]: ...
@overload
def tool(
    *, name: str | None = None, timeout: float | None = None
) -> Callable[[Callable[P, R]], Tool[P, R]]: ...
def tool(
    function: Callable[..., Any] | None = None,
    /,
    *,
    name: str | None = None,
    timeout: float | None = None,
) -> Any:
    """Make a function callable by a model.

    The name, the description, and the JSON schema of the arguments are read from its
    signature, type hints and docstring (Google style). An ``async`` function runs in
    the event loop. A plain one runs in a thread; when its time is up it is left behind
    there, for a thread cannot be stopped, and what it still gives is thrown away.

    What the function raises is told to the model, type and message, and a model may
    say it aloud: raise what a caller may hear.

    Args:
        function: with annotated parameters that can be given by name.
        name: when it is not to be the function's own.
        timeout: seconds for one call, in place of the router's.

    Raises:
        ToolError: the function cannot be described to a model; with the cure.
    """
    frame = inspect.currentframe()
    caller = frame.f_back if frame is not None else None
    # Where the types of a tool are that is made within a function.
    local_names = caller.f_locals if caller is not None else {}

    def make(function: Callable[..., Any]) -> Tool[..., Any]:
        return Tool(function, name=name, timeout=timeout, local_names=local_names)

    return make if function is None else make(function)


def _checked_name(function: Any, name: str | None) -> str:
    if not isinstance(function, FunctionType | MethodType | BuiltinFunctionType):
        raise ToolError(
            f"a tool is a function or a method of an object, not a "
            f"{type(function).__name__}: write a function that calls it"
        )
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        raise ToolError(
            f"the tool {function.__name__} yields, and a call has one result: return "
            "a list"
        )
    name = function.__name__ if name is None else name
    if not _NAME.fullmatch(name):
        raise ToolError(
            "a tool's name is 1 to 64 of the characters a-z, A-Z, 0-9, _ and -, not "
            f"{name!r}: give it one with tool(name=…)"
        )
    return name


def _check_json(text: str) -> None:
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
        raise ArgumentsError(
            f"expected a JSON object, got {_KINDS.get(type(value), 'something else')}"
        )


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

"""The types of a tool's parameters, in words that pydantic reads."""

from __future__ import annotations

import inspect
import sys
import typing
from collections.abc import Callable, Mapping
from types import SimpleNamespace, UnionType
from typing import Annotated, Any, Literal, NotRequired, Required, Union, cast
from typing import get_args as args_of
from typing import get_origin as origin_of

from pydantic import Field

from .context import is_context
from .errors import ToolError


def hints_of(
    function: Callable[..., Any], name: str, local_names: Mapping[str, Any]
) -> dict[str, Any]:
    """The type of each parameter that has one.

    Args:
        function: whose.
        name: of the tool, for messages.
        local_names: where types are looked up beside the function's globals.

    Raises:
        ToolError: one of them cannot be found.
    """
    plain = inspect.unwrap(function)
    scope = getattr(plain, "__globals__", {})
    try:
        written = dict(inspect.get_annotations(plain))
        written.pop("return", None)  # the result need not be described
        hints = typing.get_type_hints(
            SimpleNamespace(__annotations__=written),
            scope,
            dict(local_names),
            include_extras=True,
        )
        reader = _Reader(local_names)
        return {
            name: hint if is_context(hint) else reader.read(hint)
            for name, hint in hints.items()
        }
    except (NameError, SyntaxError, TypeError) as error:
        raise ToolError(
            f"the tool {name} has an annotation that cannot be resolved ({error}): "
            "import the type for real, not under `if TYPE_CHECKING:`"
        ) from error


class _Reader:
    def __init__(self, local_names: Mapping[str, Any]) -> None:
        self._local_names = dict(local_names)
        self._within: list[Any] = []  # dictionaries that are being read

    def read(self, hint: Any) -> Any:
        """``hint``, with what pydantic does not read in words that it does."""
        if sys.version_info < (3, 12) and _is_refused(hint):
            return self._typed_dict(hint)
        origin, args = origin_of(hint), args_of(hint)
        if origin is Annotated:
            kind, *said = args
            return Annotated[(self.read(kind), *map(_described, said))]
        if origin is None or origin is Literal:
            return hint
        read = tuple(self.read(each) for each in args)
        if all(new is old for new, old in zip(read, args, strict=True)):
            return hint
        if origin is UnionType or origin is Union:
            joined = read[0]
            for each in read[1:]:
                joined = joined | each
            return joined
        # Those of `typing` know how to do it, `list[int]` and its likes do not.
        copy = getattr(hint, "copy_with", None)
        return origin[read] if copy is None else copy(read)

    def _typed_dict(self, kind: Any) -> Any:
        """The same dictionary of typing_extensions, which can be read everywhere."""
        import typing_extensions

        if kind in self._within:
            return kind  # it holds itself: pydantic says what to do
        self._within.append(kind)
        hints = typing.get_type_hints(
            kind, None, self._local_names, include_extras=True
        )
        fields: dict[str, Any] = {}
        for key, hint in hints.items():
            if origin_of(hint) in (Required, NotRequired):
                fields[key] = self.read(hint)
            elif key in kind.__required_keys__:
                fields[key] = Required[self.read(hint)]
            else:
                fields[key] = NotRequired[self.read(hint)]
        self._within.pop()
        make = cast("Callable[..., Any]", typing_extensions.TypedDict)
        made = make(kind.__name__, fields)
        made.__doc__, made.__module__ = kind.__doc__, kind.__module__
        return made


def _is_refused(hint: Any) -> bool:
    # Before 3.12 those of `typing` do not say of an inherited key if it is required.
    return typing.is_typeddict(hint) and type(hint).__module__ == "typing"


def _described(said: Any) -> Any:
    # `Annotated[str, "words"]`, and `Doc("words")` of PEP 727
    words = said if isinstance(said, str) else getattr(said, "documentation", None)
    return Field(description=words) if isinstance(words, str) else said

"""`Context`: what a tool needs of the call that it runs in, and the model does not."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from .errors import ToolError

T = TypeVar("T")


class _Marker:
    def __repr__(self) -> str:
        return "context"


_MARKER = _Marker()
_NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)

Context = Annotated[T, _MARKER]
"""Annotate one parameter of a tool as ``Context[Call]``, and it is given what
``ToolRouter(tools, context=call)`` was given. For type checkers it is a ``Call``; the
model is not told of it. With a default the tool can do without."""


@dataclass(frozen=True, slots=True)
class ContextParameter:
    """The parameter of a tool that is given the context.

    Attributes:
        name: of the parameter.
        kind: what it is annotated as.
        is_needed: it has no default.
    """

    name: str
    kind: Any
    is_needed: bool

    def check(self, tool: str, context: object) -> None:
        """Whether a router with this context can run the tool.

        Raises:
            ToolError: there is none, or another one; with the cure.
        """
        wanted = f"the tool {tool} wants a {_name_of(self.kind)} as its context"
        if _fits(context, self.kind) or (context is None and not self.is_needed):
            return
        if context is None:
            raise ToolError(f"{wanted}: give it one with ToolRouter(tools, context=…)")
        raise ToolError(
            f"{wanted}, and the router has a {type(context).__name__}: give it the "
            "other with ToolRouter(tools, context=…), or annotate the parameter "
            f"{self.name!r} as Context[{type(context).__name__}]"
        )


def context_parameter(
    parameters: Iterable[inspect.Parameter], tool: str, hints: Mapping[str, Any]
) -> ContextParameter | None:
    """The one that is annotated as a context, if any is.

    Raises:
        ToolError: there are several, or it is written in another way.
    """
    found: list[ContextParameter] = []
    for each in parameters:
        hint = hints.get(each.name)
        if is_context(hint):
            kind, *_ = get_args(hint)
            if isinstance(kind, TypeVar) or each.kind not in _NAMED:
                raise _wrong(tool)
            is_needed = each.default is each.empty
            found.append(ContextParameter(each.name, kind, is_needed))
        elif any(is_context(part) for part in get_args(hint)):
            raise _wrong(tool)
    if len(found) > 1:
        raise _wrong(tool)
    return found[0] if found else None


def is_context(hint: object) -> bool:
    """Whether this is a ``Context[…]``."""
    if get_origin(hint) is not Annotated:
        return False
    return any(each is _MARKER for each in get_args(hint)[1:])


def _wrong(tool: str) -> ToolError:
    return ToolError(
        f"the tool {tool} takes one context, as in `call: Context[Call]`, or "
        "`call: Context[Call | None]`"
    )


def _fits(value: object, kind: Any) -> bool:
    """Whether ``value`` is of this kind, as far as that can be seen."""
    origin = get_origin(kind)
    if origin is Union or origin is UnionType:
        return any(_fits(value, each) for each in get_args(kind))
    checked = origin or kind
    if typing.is_typeddict(checked):
        return isinstance(value, dict)
    try:
        return isinstance(value, checked)
    except TypeError:  # a protocol, a NewType, Any …: nothing to be seen
        return value is not None


def _name_of(kind: Any) -> str:
    return kind.__name__ if isinstance(kind, type) else str(kind)

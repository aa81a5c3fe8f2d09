"""`@tool`: a function that a model may call.

What a model writes is checked strictly: ``"5"`` is no integer (5.0 is one), an unknown
argument is an error, and so are NaN and Infinity. The schema says the same, so that a
model which follows it is never refused.
"""

from __future__ import annotations

import inspect
import logging
import re
import warnings
from collections.abc import Callable, Mapping
from copy import copy
from functools import update_wrapper
from types import BuiltinFunctionType, FunctionType, MethodType
from typing import Any, Generic, ParamSpec, TypeVar, cast, overload

from voxpipe.pipeline import ReplyWanted

from .approval import Ask, ByVoice
from .argument_schema import ArgumentSchema
from .docstring import read_docstring
from .errors import ToolError
from .policy import Filler, OnInterruption, Policy
from .progress import Progress
from .signature import SignatureSchema

logger = logging.getLogger(__name__)

P = ParamSpec("P")
R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")  # what the API takes


class Tool(Generic[P, R_co]):
    """A function, and what a model must know to call it; made by `tool`.

    Calling it is calling the function.

    Attributes:
        function: the function itself.
        name: what the model calls it.
        description: for the model.
        policy: how it is treated while it works.
        is_async: it runs in the event loop; a plain function gets a thread.
        timeout: seconds that one call may take; ``None`` leaves it to the router.
        reports: it has a parameter of type `Progress`.
        context: its parameter of type `Context`, if it has one.
    """

    def __init__(
        self,
        function: Callable[P, R_co],
        *,
        name: str,
        description: str,
        takes: ArgumentSchema,
        policy: Policy,
    ) -> None:
        self.name = _checked_name(name)
        self.function = function
        self.description = description
        self.policy = policy
        self._takes = takes
        self.is_async = inspect.iscoroutinefunction(function)
        self.timeout = policy.timeout
        self.reports = takes.progress is not None
        self.context = takes.context
        update_wrapper(self, function)
        if takes.oddities:
            logger.warning(
                "the schema of the tool %s has %s: the model is told less of it",
                name,
                ", ".join(takes.oddities),
            )

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R_co:
        """Call the function."""
        return self.function(*args, **kwargs)

    def __repr__(self) -> str:
        return f"<Tool {self.name}>"

    @property
    def schema(self) -> dict[str, Any]:
        """What a session is told of it."""
        return {
            "type": "function",
            "name": self.name,
            "description": self.description,
            "parameters": self._takes.schema,
        }

    def under(self, policy: Policy) -> Tool[P, R_co]:
        """The same tool, treated otherwise; for tools that somebody else has made."""
        other = copy(self)  # and not made anew, which tells again of an odd schema
        other.policy, other.timeout = policy, policy.timeout
        return other

    def arguments(self, text: str) -> dict[str, Any]:
        """The keyword arguments in the JSON that a model wrote; defaults left out.

        Raises:
            ArgumentsError: what is wrong, field by field, in words for the model.
        """
        return self._takes.arguments(text)

    def start(
        self,
        arguments: Mapping[str, Any],
        progress: Progress | None = None,
        context: object = None,
    ) -> Any:
        """Call it with what `arguments` gave."""
        given = dict(arguments)
        if self._takes.progress is not None:
            given[self._takes.progress] = progress or Progress()
        if self.context is not None and (self.context.is_needed or context is not None):
            given[self.context.name] = context
        return cast("Callable[..., Any]", self.function)(**given)


@overload
def tool(function: Callable[P, R], /) -> Tool[P, R]: ...
@overload
def tool(
    *,
    name: str | None = None,
    timeout: float | None = None,
    filler: Filler | None = None,
    approval: Ask | ByVoice | None = None,
    on_interruption: OnInterruption = "continue",
    reply: ReplyWanted = "always",
) -> Callable[[Callable[P, R]], Tool[P, R]]: ...
def tool(
    function: Callable[..., Any] | None = None,
    /,
    *,
    name: str | None = None,
    timeout: float | None = None,
    filler: Filler | None = None,
    approval: Ask | ByVoice | None = None,
    on_interruption: OnInterruption = "continue",
    reply: ReplyWanted = "always",
) -> Any:
    """Make a function callable by a model.

    The name, the description, and the JSON schema of the arguments are read from its
    signature, type hints and docstring (Google, NumPy or Sphinx style). An ``async``
    function runs in the event loop. A plain one runs in a thread; when its time is up
    it is left behind there, for a thread cannot be stopped, and what it still gives is
    thrown away. A parameter of type `Progress` is for its reports, and one of type
    `Context` for what the router has for its tools; the model is told of neither.

    What the function raises is told to the model, type and message, and a model may
    say it aloud: raise what a caller may hear.

    Args:
        function: with annotated parameters that can be given by name.
        name: when it is not to be the function's own.
        timeout: seconds for one call, in place of the router's.
        filler: what is said while it works, in place of the router's.
        approval: who must agree before it runs.
        on_interruption: what becomes of a call when the caller interrupts; see
            `Policy`.
        reply: whether the model is to speak once it has the result; see `Policy`.

    Raises:
        ToolError: the function cannot be described to a model; with the cure.
    """
    frame = inspect.currentframe()
    caller = frame.f_back if frame is not None else None
    # Where the types of a tool are that is made within a function.
    local_names = caller.f_locals if caller is not None else {}
    policy = Policy(timeout, filler, approval, on_interruption, reply)
    level = 3 if function is not None else 2  # where the function stands

    def make(function: Callable[..., Any]) -> Tool[..., Any]:
        _check(function)
        chosen = _checked_name(function.__name__ if name is None else name)
        description, texts = read_docstring(inspect.getdoc(function))
        takes = SignatureSchema(function, chosen, texts, local_names)
        if lost := texts.keys() - inspect.signature(function).parameters.keys():
            warnings.warn(
                f"the docstring of the tool {chosen} describes what it does not take, "
                f"so the model is not told: {', '.join(sorted(lost))}",
                stacklevel=level,
            )
        if not description:
            logger.warning(
                "the tool %s has no docstring: the model has its name alone to know "
                "what it is for; say so in a line, for example when to call it",
                chosen,
            )
        return Tool(
            function,
            name=chosen,
            description=description,
            takes=takes,
            policy=policy,
        )

    return make if function is None else make(function)


def _check(function: Any) -> None:
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


def _checked_name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ToolError(
            "a tool's name is 1 to 64 of the characters a-z, A-Z, 0-9, _ and -, not "
            f"{name!r}: give it one with tool(name=…)"
        )
    return name

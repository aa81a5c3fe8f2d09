"""What a tool is given of the call that it runs in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, TypedDict, assert_type

import pytest

from voxpipe.pipeline import Pipeline, ToolCall, ToolResult
from voxpipe.pipeline.testing import Probe, Source
from voxpipe.processors.tools import (
    Context,
    Progress,
    Tool,
    ToolError,
    ToolRouter,
    tool,
)


@dataclass
class Caller:
    name: str


class Named(Protocol):
    name: str


class Options(TypedDict):
    name: str


ADA = Caller("Ada")


@tool
async def greet(caller: Context[Caller], word: str = "Hello") -> str:
    """Greet the caller.

    Args:
        caller: who it is.
    """
    assert_type(caller, Caller)
    return f"{word}, {caller.name}"


async def outputs_of(router: ToolRouter, *calls: ToolCall) -> list[str]:
    probe = Probe()
    await Pipeline(
        Source(calls).output >> router.calls, router.results >> probe.input
    ).run()
    return [each.output for each in probe.frames if isinstance(each, ToolResult)]


def call(name: str, arguments: str = "{}") -> ToolCall:
    return ToolCall(call_id=name, name=name, arguments=arguments)


async def test_a_tool_is_given_the_context_of_its_router() -> None:
    for name in ("Ada", "Bob"):  # two calls, one tool
        router = ToolRouter([greet], context=Caller(name))
        hello = call("greet", '{"word": "Good morning"}')
        assert await outputs_of(router, hello) == [f"Good morning, {name}"]


def test_the_model_is_not_told_of_it_and_cannot_give_it() -> None:
    assert list(greet.schema["parameters"]["properties"]) == ["word"]
    with pytest.raises(Exception, match="caller: there is no such argument"):
        greet.arguments('{"caller": {"name": "Eve"}}')


async def test_the_function_is_called_by_hand_as_it_stands() -> None:
    assert await greet(ADA) == "Hello, Ada"


class Desk:
    async def greet(
        self, progress: Progress, word: str, *, caller: Context[Caller]
    ) -> str:
        progress("half way")
        return f"{word}, {caller.name}"


async def test_it_goes_together_with_progress_and_methods() -> None:
    router = ToolRouter([tool(Desk().greet)], context=ADA)
    assert await outputs_of(router, call("greet", '{"word": "Hi"}')) == ["Hi, Ada"]


async def test_a_plain_function_is_given_it_in_its_thread() -> None:
    @tool
    def name(caller: Context[Caller]) -> str:
        return caller.name

    assert await outputs_of(ToolRouter([name], context=ADA), call("name")) == ["Ada"]


async def test_with_a_default_it_can_do_without() -> None:
    @tool
    async def name(caller: Context[Caller | None] = None) -> str:
        return caller.name if caller else "nobody"

    assert await outputs_of(ToolRouter([name]), call("name")) == ["nobody"]
    assert await outputs_of(ToolRouter([name], context=ADA), call("name")) == ["Ada"]


async def a_protocol(x: Context[Named]) -> None: ...
async def a_dictionary(x: Context[Options]) -> None: ...
async def anything(x: Context[Any]) -> None: ...
async def one_of_two(x: Context[int | Caller]) -> None: ...
async def a_list(x: Context[list[Caller]]) -> None: ...
async def perhaps(x: Context[Caller | None]) -> None: ...


@pytest.mark.parametrize(
    ("function", "context", "fits"),
    [
        (a_protocol, ADA, True),
        (a_dictionary, {"name": "Ada"}, True),
        (a_dictionary, ADA, False),
        (anything, ADA, True),
        (one_of_two, ADA, True),
        (one_of_two, "Ada", False),
        (a_list, [ADA], True),
        (a_list, ADA, False),
        (perhaps, None, True),
        (perhaps, "Ada", False),
        (greet.function, None, False),
        (greet.function, "Ada", False),
    ],
)
def test_a_router_whose_context_does_not_fit_is_refused(
    function: Callable[..., Any], context: object, fits: bool
) -> None:
    made: Tool[..., Any] = tool(function)
    if fits:
        ToolRouter([made], context=context)
        return
    with pytest.raises(ToolError, match=r"as its context.*ToolRouter\(tools, context="):
        ToolRouter([made], context=context)


async def twice(x: Context[int], y: Context[str]) -> None: ...
async def within(x: Context[int] | None = None) -> None: ...
async def positional(x: Context[int], /) -> None: ...


async def bare(x: int) -> None: ...


bare.__annotations__["x"] = Context  # type checkers would not have it


@pytest.mark.parametrize("function", [bare, twice, within, positional])
def test_a_context_that_is_written_in_another_way_is_refused(
    function: Callable[..., Any],
) -> None:
    with pytest.raises(ToolError, match=r"takes one context, as in `call: Context"):
        tool(function)

"""Types that pydantic does not read as they are written."""

from __future__ import annotations

import json
import sys
import typing
from typing import Annotated, Any, NotRequired, Required

import pytest

from voxpipe.processors.tools import ArgumentsError, Tool, ToolError, tool


class Item(typing.TypedDict):
    """One thing."""

    name: str


class Order(typing.TypedDict, total=False):
    item: Required[Item]
    count: Annotated[int, "how many"]
    notes: list[Item]


class Urgent(Order):
    until: str
    why: NotRequired[str]


class Tree(typing.TypedDict):
    children: list[Tree]


@tool
async def buy(order: Urgent, more: dict[str, Order] | None = None) -> None: ...


def read(of: Tool[..., Any], **written: object) -> dict[str, Any]:
    return of.arguments(json.dumps(written))


def test_a_typed_dict_of_the_standard_library_is_read_on_every_python() -> None:
    order = {"item": {"name": "tea"}, "until": "noon", "count": 2.0}
    taken = read(buy, order=order, more={"later": {"item": {"name": "milk"}}})
    assert taken["order"] == {"item": {"name": "tea"}, "until": "noon", "count": 2}
    assert taken["more"] == {"later": {"item": {"name": "milk"}}}


@pytest.mark.parametrize(
    "order",
    [
        {"item": {"name": "tea"}},
        {"until": "noon"},
        {"item": {}, "until": "noon"},
        {"item": {"name": 1}, "until": "noon"},
    ],
)
def test_what_it_requires_is_required(order: dict[str, object]) -> None:
    with pytest.raises(ArgumentsError, match="order"):
        read(buy, order=order)


def test_the_schema_says_the_same() -> None:
    schema = buy.schema["parameters"]
    urgent = schema["$defs"]["Urgent"]
    assert sorted(urgent["required"]) == ["item", "until"]
    assert urgent["properties"]["count"]["description"] == "how many"
    assert schema["$defs"]["Item"]["description"] == "One thing."


def test_one_made_in_the_same_function_is_found() -> None:
    class Local(typing.TypedDict):
        size: int

    @tool
    async def measure(thing: list[Local]) -> None: ...

    assert read(measure, thing=[{"size": 1}]) == {"thing": [{"size": 1}]}


def test_one_that_holds_itself_is_refused_with_the_cure_or_read() -> None:
    async def grow(tree: Tree) -> None: ...

    if sys.version_info < (3, 12):
        with pytest.raises(ToolError, match=r"typing_extensions\.TypedDict"):
            tool(grow)
    else:
        tree = {"children": [{"children": []}]}
        assert read(tool(grow), tree=tree) == {"tree": tree}

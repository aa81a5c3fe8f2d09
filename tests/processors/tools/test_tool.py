"""`@tool`: still the function, and strict with what a model writes."""

from __future__ import annotations

import functools
import inspect
import math
from collections.abc import Iterator
from typing import Any, assert_type

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxpipe.processors.tools import ArgumentsError, Tool, ToolError, tool


@tool
async def opening_hours(day: str, short: bool = False) -> str:
    """Say when we are open.

    Args:
        day: in English.
    """
    return day


@tool(name="sum", timeout=2)
def add(a: int, b: int = 1, *, factor: float = 1.0) -> float:
    return (a + b) * factor


async def test_a_tool_can_be_called_as_the_function_that_it_was() -> None:
    said = await opening_hours("Monday", short=True)
    assert assert_type(said, str) == "Monday"
    assert assert_type(add(1, 2), float) == 3.0
    assert add(1, factor=2.0) == 4.0
    assert add.__doc__ is None
    assert inspect.signature(opening_hours) == inspect.signature(opening_hours.function)


def wrong_calls_are_errors_for_type_checkers() -> None:
    add("1")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    add(1, c=2)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


def test_its_schema_is_what_a_realtime_session_takes() -> None:
    assert opening_hours.schema == {
        "type": "function",
        "name": "opening_hours",
        "description": "Say when we are open.",
        "parameters": {
            "type": "object",
            "properties": {
                "day": {"type": "string", "description": "in English."},
                "short": {"type": "boolean", "default": False},
            },
            "required": ["day"],
            "additionalProperties": False,
        },
    }


def test_changing_a_schema_changes_only_that_copy() -> None:
    opening_hours.schema["parameters"]["properties"].clear()
    assert "day" in opening_hours.schema["parameters"]["properties"]


def test_name_and_timeout_can_be_given() -> None:
    assert isinstance(add, Tool)
    assert (add.name, add.timeout) == ("sum", 2)
    assert (opening_hours.name, opening_hours.timeout) == ("opening_hours", None)


@pytest.mark.parametrize("timeout", [0, -1, math.nan])
def test_a_timeout_that_is_none_is_refused(timeout: float) -> None:
    with pytest.raises(ToolError, match="timeout"):
        tool(timeout=timeout)(opening_hours.function)


def counts() -> Iterator[int]:
    yield 1


@pytest.mark.parametrize(
    ("made", "cure"),
    [
        (lambda: None, "tool(name=…)"),
        (functools.partial(print, "x"), "write a function"),
        (print, "any number of arguments"),
        (opening_hours, "write a function"),
        (int, "write a function"),
        (counts, "return a list"),
    ],
)
def test_what_is_no_function_is_refused_with_the_cure(made: Any, cure: str) -> None:
    with pytest.raises(ToolError) as caught:
        tool(made)
    assert cure in str(caught.value)


def test_a_lambda_is_a_tool_when_it_has_a_name() -> None:
    assert tool(name="nothing")(lambda: None).arguments("") == {}


@pytest.mark.parametrize(
    ("written", "complaint"),
    [
        ("{", "expected a JSON object"),
        ("[1]", "expected a JSON object, got an array"),
        ("null", "a: this argument is missing"),
        ('""', "a: this argument is missing"),
        ("true", "expected a JSON object, got true or false"),
        ('"a"', "expected a JSON object, got a string"),
        ("1", "expected a JSON object, got a number"),
        ('{"a": NaN}', "expected a JSON object"),
        ('{"a": 1, "factor": Infinity}', "expected a JSON object"),
        ('{"a": 1, "factor": 1e999}', "expected a JSON object"),
        ('{"a":' * 10_000, "recursion limit"),
        ('{"a": 1, "b": "\\ud800"}', "expected a JSON object"),
        ('{"a": 1, "b": "\ud800"}', "expected a JSON object"),
        ('{"a": ' + "1" * 70_000 + "}", "expected at most 65536 characters"),
        ('{"a": "5"}', "a: Input should be a valid integer"),
        ('{"a": true}', "a: Input should be a valid integer"),
        ('{"a": 5.5}', "a: Input should be a valid integer"),
        ('{"a": 1e300}', "a: Input should be a valid integer"),
        ("{}", "a: this argument is missing"),
        ('{"a": 1, "c": 2}', "c: there is no such argument"),
        ('{"a": "x", "b": "y"}', "b: Input should be a valid integer"),
        (str({f"x{n}": 0 for n in range(50)}).replace("'", '"'), "and 41 more"),
    ],
)
def test_wrong_arguments_are_named_field_by_field(written: str, complaint: str) -> None:
    with pytest.raises(ArgumentsError) as caught:
        add.arguments(written)
    assert complaint in str(caught.value)


def test_complaints_do_not_repeat_what_was_said() -> None:
    with pytest.raises(ArgumentsError) as caught:
        add.arguments('{"a": "my number is 5551234"}')
    assert "5551234" not in str(caught.value)


@pytest.mark.parametrize("nothing", ["", " ", "null", " null\n", '""', "{}"])
def test_nothing_at_all_means_no_arguments(nothing: str) -> None:
    assert tool(name="nothing")(lambda: None).arguments(nothing) == {}


def test_a_float_without_a_fraction_is_an_integer() -> None:
    given_ = add.arguments('{"a": 5.0, "b": -2.0, "factor": 2.0}')
    assert given_ == {"a": 5, "b": -2, "factor": 2.0}
    assert [type(each) for each in given_.values()] == [int, int, float]


def test_what_a_docstring_says_of_nothing_is_warned_of_at_the_tool() -> None:
    def book(guests: int) -> None:
        """Book.

        Args:
            gests: how many.
            wine: what kind.
        """

    for make in (tool, tool(name="again")):
        with pytest.warns(UserWarning, match="not told: gests, wine") as told:
            make(book)
        assert [each.filename for each in told] == [__file__]


def test_defaults_are_left_to_the_function() -> None:
    assert add.arguments('{"a": 1}') == {"a": 1}


@given(st.text() | st.binary().map(lambda raw: raw.decode(errors="surrogateescape")))
def test_any_text_is_arguments_or_a_complaint(text: str) -> None:
    try:
        arguments = add.arguments(text)
    except ArgumentsError:
        return
    assert set(arguments) <= {"a", "b", "factor"}


def test_a_tool_without_a_docstring_is_told_of(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def look(place: str) -> str:
        return place

    assert tool(look).description == ""
    (message,) = caplog.messages
    assert message.startswith("the tool look has no docstring: the model has its name")

"""Schemas that somebody else has written: told, and taken at their word."""

from __future__ import annotations

import math
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxpipe.processors.tools import (
    ArgumentsError,
    Policy,
    RawSchema,
    Tool,
    ToolError,
)

SCHEMA: dict[str, Any] = {"type": "object", "properties": {"a": {"type": "integer"}}}


def test_a_schema_that_is_taken_is_told_as_it_is_and_stays_so() -> None:
    given_schema = RawSchema(SCHEMA)
    given_schema.schema["properties"].clear()
    assert given_schema.schema == SCHEMA
    assert given_schema.progress is None
    assert not given_schema.oddities


def test_one_that_is_not_becomes_one_that_is() -> None:
    choice: dict[str, Any] = {"anyOf": [SCHEMA, {"$ref": "elsewhere"}]}
    raw = RawSchema(choice)
    assert raw.schema["type"] == "object"
    assert "anyOf" not in raw.schema
    assert raw.oddities == ("a $ref to what is not in it",)
    with pytest.raises(ToolError, match="takes no object"):
        RawSchema({"type": "string"})


def test_its_arguments_are_not_ours_to_judge() -> None:
    taken = RawSchema(SCHEMA).arguments('{"a": "x", "b": [1]}')
    assert taken == {"a": "x", "b": [1]}


@pytest.mark.parametrize("nothing", ["", " ", "null", '""', "{}"])
def test_nothing_at_all_means_no_arguments(nothing: str) -> None:
    assert RawSchema(SCHEMA).arguments(nothing) == {}


@pytest.mark.parametrize("text", ["[]", "1", "{", '{"a": NaN}', '{"a": 1e999}'])
def test_but_they_are_an_object(text: str) -> None:
    with pytest.raises(ArgumentsError, match="expected a JSON object"):
        RawSchema(SCHEMA).arguments(text)


@given(st.text())
def test_any_text_gives_arguments_or_an_error(text: str) -> None:
    with suppress(ArgumentsError):
        assert isinstance(RawSchema(SCHEMA).arguments(text), dict)


def test_an_odd_schema_is_told_of_once_with_the_name_of_its_tool(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def convert(**_: Any) -> None:
        """Nothing."""

    odd = {"properties": {"rate": {"type": "number", "default": math.nan}}}
    made = Tool(
        convert,
        name="convert",
        description="",
        takes=RawSchema(odd),
        policy=Policy(),
    )
    slow = made.under(Policy(timeout=60))
    assert (made.timeout, slow.timeout) == (None, 60)
    properties = {"rate": {"type": "number"}}
    assert slow.schema["parameters"] == {"type": "object", "properties": properties}
    (record,) = caplog.records
    assert "the tool convert has an odd default" in record.getMessage()

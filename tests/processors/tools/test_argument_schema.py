"""Schemas that somebody else has written: passed on, and taken at their word."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxpipe.processors.tools import ArgumentsError, RawSchema

SCHEMA: dict[str, Any] = {"type": "object", "properties": {"a": {"type": "integer"}}}


def test_a_given_schema_is_passed_on_as_it_is_and_stays_so() -> None:
    given_schema = RawSchema(SCHEMA)
    given_schema.schema["properties"].clear()
    assert given_schema.schema == SCHEMA
    assert given_schema.progress is None


def test_its_arguments_are_not_ours_to_judge() -> None:
    taken = RawSchema(SCHEMA).arguments('{"a": "x", "b": [1]}')
    assert taken == {"a": "x", "b": [1]}
    assert RawSchema(SCHEMA).arguments(" ") == {}


@pytest.mark.parametrize("text", ["[]", "null", "1", "{", '{"a": NaN}', '{"a": 1e999}'])
def test_but_they_are_an_object(text: str) -> None:
    with pytest.raises(ArgumentsError, match="expected a JSON object"):
        RawSchema(SCHEMA).arguments(text)


@given(st.text())
def test_any_text_gives_arguments_or_an_error(text: str) -> None:
    with suppress(ArgumentsError):
        assert isinstance(RawSchema(SCHEMA).arguments(text), dict)

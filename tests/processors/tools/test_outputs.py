"""Whatever a tool gives back becomes text: all of it, some of it, or an error."""

from __future__ import annotations

import datetime as dt
import json
import math
from collections import deque
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum, StrEnum
from typing import Any, NamedTuple, NoReturn
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from voxpipe.processors.tools.outputs import MIN_OUTPUT, describe, failure, success

LIMIT = 65_536


class Guest(BaseModel):
    name: str
    since: dt.date


@dataclass
class Table:
    number: int
    guests: list[Guest]


class Area(Enum):
    INSIDE = "inside"


class Mood(StrEnum):
    FINE = "fine"


class Point(NamedTuple):
    x: int
    y: int


ADA = Guest(name="Ada", since=dt.date(2030, 1, 2))


class Hostile:
    def __str__(self) -> NoReturn:
        raise ValueError("no words")

    def __iter__(self) -> NoReturn:
        raise ValueError("no items")


class HostileError(Exception):
    def __str__(self) -> NoReturn:
        raise ValueError("no words")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("we open at six", "we open at six"),
        ("", ""),
        (Mood.FINE, "fine"),
        (None, "null"),
        (True, "true"),
        (6.5, "6.5"),
        ([1, (2, 3)], "[1, [2, 3]]"),
        ({"a": None, 1: "ü"}, '{"a": null, "1": "ü"}'),
        (ADA, '{"name": "Ada", "since": "2030-01-02"}'),
        (
            Table(4, [ADA]),
            '{"number": 4, "guests": [{"name": "Ada", "since": "2030-01-02"}]}',
        ),
        ({"area": Area.INSIDE}, '{"area": "inside"}'),
        (dt.datetime(2030, 1, 2, 20), '"2030-01-02T20:00:00"'),
        (dt.time(20), '"20:00:00"'),
        ([Decimal("1.50"), UUID(int=1)], f'["1.50", "{UUID(int=1)}"]'),
        (Point(1, 2), "[1, 2]"),
    ],
)
def test_a_value_becomes_the_text_that_one_expects(value: object, text: str) -> None:
    answer = success(value, LIMIT)
    assert (answer.output, answer.error) == (text, None)


def endless() -> list[Any]:
    loop: list[Any] = []
    loop.append(loop)
    return loop


def deep() -> list[Any]:
    nested: list[Any] = []
    for _ in range(100_000):
        nested = [nested]
    return nested


@pytest.mark.parametrize(
    "value",
    [
        {1, 2},
        b"bytes",
        object(),
        Hostile(),
        Table,
        math.nan,
        {"a": [math.inf]},
        {(1, 2): 3},
        10**5000,
        1j,
        deque([1]),
        endless(),
        deep(),
        Table(1, [Hostile()]),  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_json_cannot_hold_is_an_error_that_names_the_type(value: object) -> None:
    answer = success(value, LIMIT)
    assert answer.error == "unserialisable"
    error = json.loads(answer.output)["error"]
    assert error["type"] == "unserialisable"
    assert type(value).__name__ in error["message"]


def test_text_that_is_too_long_is_cut_with_a_note() -> None:
    answer = success("ü" * 5_000_000, LIMIT)
    assert len(answer.output.encode()) <= LIMIT
    assert answer.output.startswith("ü" * 30_000)
    assert answer.output.endswith(
        "[cut: the tool gave 10000000 bytes, the limit is 65536]"
    )
    assert answer.error is None


@pytest.mark.parametrize("piece", ["a", '"', "\\", "ü", "\n", "\x00"])
def test_json_that_is_too_long_is_cut_and_stays_json(piece: str) -> None:
    answer = success([piece] * 100_000, LIMIT)
    assert LIMIT // 2 < len(answer.output.encode()) <= LIMIT
    cut = json.loads(answer.output)
    assert json.dumps([piece], ensure_ascii=False)[:-1] in cut["start"]
    assert "the limit is 65536" in cut["note"]


def test_half_a_surrogate_pair_does_not_leave() -> None:
    assert success("a\ud800", LIMIT).output == "a?"
    assert success(["a\ud800"], LIMIT).output == '["a?"]'
    assert json.loads(failure("timeout", "\ud800").output)["error"]["message"] == "?"


def test_an_exception_that_cannot_speak_is_named() -> None:
    assert describe(HostileError()) == "HostileError"
    assert describe(KeyError()) == "KeyError"
    assert describe(KeyError("x")) == "KeyError: 'x'"


@given(st.text())
def test_an_error_is_a_short_json_object(message: str) -> None:
    answer = failure("tool_error", message * 100)
    assert len(answer.output.encode()) <= MIN_OUTPUT
    assert json.loads(answer.output)["error"]["type"] == "tool_error"


ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters())
    | st.binary()
    | st.decimals()
    | st.dates()
    | st.complex_numbers()
    | st.sampled_from([ADA, Area.INSIDE, Hostile(), object, len]),
    lambda inner: (
        st.lists(inner)
        | st.tuples(inner)
        | st.dictionaries(st.text() | st.integers() | st.floats(), inner)
        | st.builds(Table, st.just(1), inner)
    ),
)


@given(ANYTHING, st.integers(MIN_OUTPUT, 2 * MIN_OUTPUT))
def test_any_value_becomes_text_within_the_limit(value: object, limit: int) -> None:
    answer = success(value, limit)
    assert len(answer.output.encode()) <= limit
    if not isinstance(value, str):
        read = json.loads(answer.output, parse_constant=pytest.fail)
        if answer.error is not None:
            assert set(read["error"]) == {"type", "message"}

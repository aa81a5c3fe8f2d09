"""Whatever a tool gives back becomes text, and is never told as failed."""

from __future__ import annotations

import datetime as dt
import json
import math
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum, StrEnum
from typing import Any, NamedTuple, NoReturn
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from voxpipe.pipeline import Image
from voxpipe.processors.tools import ToolError, ToolOutput
from voxpipe.processors.tools.outputs import (
    MIN_OUTPUT,
    CallAnswer,
    describe,
    failure,
    success,
)

LIMIT = 65_536


class Standing:
    """For a value; see `proxy`."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __str__(self) -> str:
        return str(self.value)

    def __int__(self) -> int:
        return int(self.value)

    def __float__(self) -> float:
        return float(self.value)

    def __bool__(self) -> bool:
        return bool(self.value)


def proxy(value: object) -> object:
    """As wrapt's and werkzeug's: of the class of what it stands for, for who asks."""
    asked = property(lambda _: type(value))
    return type("Proxy", (Standing,), {"__class__": asked})(value)


class Unbound:
    """As werkzeug's proxies where there is no request."""

    def __getattribute__(self, name: str) -> NoReturn:
        raise RuntimeError("working outside of request context")


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
    assert type(answer.output) is str  # and no enum


@pytest.mark.parametrize(
    "value",
    [object(), Hostile(), Table, 10**5000],
    ids=lambda value: type(value).__name__,
)
def test_what_has_no_meaning_in_json_is_told_as_done_and_named(value: object) -> None:
    answer = success(value, LIMIT)
    assert answer.error is None
    told = json.loads(answer.output)
    assert told["done"] is True
    assert type(value).__name__ in told["note"]
    assert answer.left_out == (type(value).__name__,)


@pytest.mark.parametrize("value", ["seat 12", 12, 1.5, True])
def test_what_stands_for_a_text_or_a_number_is_told_as_it(value: object) -> None:
    text = value if isinstance(value, str) else json.dumps(value)
    assert success(proxy(value), LIMIT) == CallAnswer(text)
    assert json.loads(success([proxy(value)], LIMIT).output) == [value]


def test_a_proxy_that_stands_for_nothing_is_told_as_done() -> None:
    answer = success(Unbound(), LIMIT)
    assert answer.error is None
    assert answer.left_out == ("Unbound",)


def test_the_rest_of_a_result_is_told() -> None:
    answer = success({"seat": "12 A", "ticket": object(), "left": math.nan}, LIMIT)
    told = json.loads(answer.output)
    assert (told["seat"], told["left"]) == ("12 A", None)
    assert told["ticket"] == "[left out: a value of type object]"


def test_pictures_in_a_result_are_shown_beside_it() -> None:
    room = Image.of_array(np.zeros((2, 2), dtype=np.uint8))
    assert success(room, LIMIT).pictures == (room,)
    answer = success(["two rooms", {"first": room, "second": room}], LIMIT)
    assert answer.pictures == (room, room)
    assert "picture 2" in answer.output


def test_a_result_can_say_who_speaks_next() -> None:
    answer = success(ToolOutput({"a": 1}, reply="never"), LIMIT)
    assert (answer.output, answer.reply) == ('{"a": 1}', "never")
    assert success("noted", LIMIT).reply is None
    with pytest.raises(ToolError, match="reply is one of always, if_silent, never"):
        ToolOutput(reply="no")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


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
    half, mended = "cut \ud83d", "cut \ufffd"
    assert success(half, LIMIT).output == mended
    assert json.loads(success({half: [half]}, LIMIT).output) == {mended: [mended]}
    assert mended in failure("tool_error", half).output


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
    assert answer.error is None
    if not isinstance(value, str):
        json.loads(answer.output, parse_constant=pytest.fail)

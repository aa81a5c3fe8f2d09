"""What people return from functions, in the terms of JSON."""

from __future__ import annotations

import array
import json
import math
import re
from collections import OrderedDict, defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum
from fractions import Fraction
from ipaddress import ip_address, ip_network
from itertools import count
from pathlib import PurePosixPath
from types import MappingProxyType, SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import AnyUrl, BaseModel, ConfigDict, RootModel, SecretStr

from voxpipe.pipeline import Image
from voxpipe.processors.tools.plain import MAX_PICTURES, Plain

LIMIT = 65_536
ROOM = Image.of_array(np.zeros((2, 2), dtype=np.uint8))


class Day(Enum):
    MONDAY = "mon"


class Level(IntEnum):
    HIGH = 2


class Mood(StrEnum):
    FINE = "fine"


class Row(NamedTuple):
    id: int
    name: str


@dataclass
class Seat:
    row: int
    day: Day


class Ticket(BaseModel):
    model_config = ConfigDict(arbitrary_types_allowed=True)

    at: datetime
    pin: SecretStr = SecretStr("1234")
    rain: float = math.nan
    anything: Any = None


class Names(RootModel[list[str]]):
    pass


class Album(BaseModel):
    title: str
    cover: Image
    more: list[Image]


AT = datetime(2030, 1, 2, 20)
TICKET = {
    "at": "2030-01-02T20:00:00",
    "pin": "**********",
    "rain": None,
    "anything": None,
}


KNOWN: list[tuple[object, object]] = [
    (timedelta(minutes=5), "PT5M"),
    (datetime(2030, 1, 2, tzinfo=UTC), "2030-01-02T00:00:00Z"),
    (Fraction(1, 2), "1/2"),
    (1j, "1j"),
    (PurePosixPath("/tmp/x"), "/tmp/x"),
    (re.compile("a+"), "a+"),
    (ip_address("127.0.0.1"), "127.0.0.1"),
    (ip_network("10.0.0.0/8"), "10.0.0.0/8"),
    (AnyUrl("https://example.com/"), "https://example.com/"),
    (SecretStr("1234"), "**********"),
    (b"abc", "abc"),
    (bytearray(b"abc"), "abc"),
    (memoryview(b"\xff\xfe"), "//4="),
    (ValueError("no seats"), "ValueError: no seats"),
    ({"b", "a", "c"}, ["a", "b", "c"]),
    (frozenset({2, 1}), [1, 2]),
    ({1, "a"}, ["a", 1]),
    (deque([1]), [1]),
    (range(3), [0, 1, 2]),
    ({"a": 1}.values(), [1]),
    ({"b": 1, "a": 2}.keys(), ["b", "a"]),
    ({"a": 1}.items(), [["a", 1]]),
    (array.array("h", [1, 2]), [1, 2]),
    (Row(1, "a"), [1, "a"]),
    (np.float32(1.5), 1.5),
    (np.float64("nan"), None),
    ({"n": np.int64(3)}, {"n": 3}),
    (np.bool_(True), True),
    (np.arange(4).reshape(2, 2), [[0, 1], [2, 3]]),
    (np.array([1.0, np.inf]), [1.0, None]),
    (np.str_("a"), "a"),
    (np.datetime64("2030-01-02T20", "ns"), "2030-01-02T20:00:00.000000000"),
    (math.nan, None),
    ({"wind": [1.0, -math.inf]}, {"wind": [1.0, None]}),
    (Day.MONDAY, "mon"),
    ([Level.HIGH, Mood.FINE], [2, "fine"]),
    ({Day.MONDAY: 1, Mood.FINE: 2, Level.HIGH: 3}, {"mon": 1, "fine": 2, "2": 3}),
    ({date(2030, 1, 2): 1, time(9): 2}, {"2030-01-02": 1, "09:00:00": 2}),
    (
        {None: 1, True: 2, 1.5: 3, (1, "ü"): 4},
        {"null": 1, "true": 2, "1.5": 3, '[1, "ü"]': 4},
    ),
    ({1: "a", "1": "b", "1 (2)": "c"}, {"1": "a", "1 (2)": "b", "1 (2) (2)": "c"}),
    ({True: 1, "true": 2, Mood.FINE: 3}, {"true": 1, "true (2)": 2, "fine": 3}),
    ({"\ud83d": 1} | {"\ud83e": 2}, {"\ufffd": 1, "\ufffd (2)": 2}),
    (MappingProxyType({"a": 1}), {"a": 1}),
    (OrderedDict(a=1), {"a": 1}),
    (defaultdict(int, a=1), {"a": 1}),
    (SimpleNamespace(a=1), {"a": 1}),
    (Seat(1, Day.MONDAY), {"row": 1, "day": "mon"}),
    ({"d": Decimal("9.90")}, {"d": "9.90"}),
    (Names(["a"]), ["a"]),
    ([Ticket(at=AT)], [TICKET]),
    (Ticket(at=AT, anything=np.arange(2)), TICKET | {"anything": [0, 1]}),
    (iter([1, 2]), [1, 2]),
]


@pytest.mark.parametrize(
    ("value", "plain"), KNOWN, ids=lambda value: type(value).__name__
)
def test_what_has_a_meaning_in_json_arrives(value: object, plain: object) -> None:
    reader = Plain(LIMIT)
    told = reader.of(value)
    assert told == plain
    assert json.loads(json.dumps(told, allow_nan=False)) == plain
    assert not reader.left_out


KEYS = st.none() | st.booleans() | st.integers(0, 3) | st.sampled_from("012 (n")


@given(st.dictionaries(KEYS | st.text("0 (2)", max_size=6), st.integers()))
def test_of_keys_that_are_one_in_json_none_is_lost(result: dict[Any, int]) -> None:
    told = json.loads(json.dumps(Plain(LIMIT).of(result)))
    assert list(told.values()) == list(result.values())


def test_very_many_keys_that_are_one_are_numbered_in_few_words() -> None:
    told = Plain(LIMIT).of({object(): n for n in range(10_000)})
    assert list(told.values()) == list(range(10_000))
    assert max(map(len, told)) < 60


class Hostile:
    def tolist(self) -> list[int]:
        raise RuntimeError("no items")


def broken() -> Iterator[int]:
    yield 1
    raise ValueError("no more")


def test_what_has_none_is_named_and_the_rest_arrives() -> None:
    reader = Plain(LIMIT)
    told = reader.of({"a": 1, "b": [object(), Hostile(), broken()], "c": len})
    assert told["a"] == 1
    assert told["b"][0] == "[left out: a value of type object]"
    assert reader.left_out == [
        "object",
        "Hostile",
        "generator",
        "builtin_function_or_method",
    ]


def test_a_field_that_pydantic_cannot_write_does_not_cost_the_others() -> None:
    told = Plain(LIMIT).of(Ticket(at=AT, rain=1.0, anything=b"\xff\xfe"))
    assert told["at"] == "2030-01-02T20:00:00"
    assert told["anything"] == "//4="
    assert told["pin"] == "**********"


def test_what_has_no_end_has_one() -> None:
    assert Plain(10).of(count()) == list(range(10))
    loop: list[Any] = [1]
    loop.append(loop)
    assert Plain(LIMIT).of(loop) == [1, "[left out: a value of type list]"]
    nested: list[Any] = []
    for _ in range(100_000):
        nested = [nested]
    json.dumps(Plain(LIMIT).of(nested))
    many: list[Any] = [1]
    for _ in range(40):
        many = [many, many]  # 2 ** 40 numbers
    json.dumps(Plain(LIMIT).of(many))


def test_what_stands_in_two_places_is_told_in_both() -> None:
    shared = [1]
    assert Plain(LIMIT).of([shared, shared]) == [[1], [1]]


def test_pictures_are_taken_out_wherever_they_are() -> None:
    reader = Plain(LIMIT)
    told = reader.of({"room": ROOM, "album": Album(title="x", cover=ROOM, more=[ROOM])})
    assert reader.pictures == [ROOM] * 3
    assert "picture 1" in told["room"]
    assert told["album"]["title"] == "x"
    assert not reader.left_out


def test_of_very_many_pictures_the_first_are_shown() -> None:
    reader = Plain(LIMIT)
    told = reader.of([ROOM] * (MAX_PICTURES + 1))
    assert len(reader.pictures) == MAX_PICTURES
    assert "not shown" in told[-1]

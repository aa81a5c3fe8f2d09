"""What a model is told of a function's parameters, and what it may then write."""

from __future__ import annotations

import datetime as dt
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple
from uuid import UUID

import pytest
from hypothesis import given, reject
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import BaseModel, Field
from typing_extensions import Doc

from voxpipe.processors.tools import ArgumentsError, Tool, ToolError, tool

if TYPE_CHECKING:
    from fractions import Fraction


class Area(Enum):
    INSIDE = "inside"
    TERRACE = "terrace"


class Guest(BaseModel):
    name: str
    age: Annotated[int, Field(ge=0)] | None = None
    friends: list[Guest] = []


@dataclass
class Wine:
    colour: Literal["red", "white"]
    glasses: int = 1


@tool
async def book(
    guests: Annotated[int, Field(ge=1, le=8)],
    area: Area = Area.INSIDE,
    when: dt.datetime | None = None,
    party: list[Guest] | None = None,
    wine: Wine | None = None,
    prices: dict[str, Decimal] | None = None,
    position: tuple[float, float] | None = None,
    ticket: UUID | int = 0,
    note: Annotated[str, Field(max_length=4)] = "",
    quiet: bool = False,
) -> str:
    """Book a table.

    Args:
        guests: how many.
        area: where.
    """
    return ""


def parameters(of: Tool[..., Any]) -> dict[str, Any]:
    found: dict[str, Any] = of.schema["parameters"]
    return found


def test_the_schema_has_types_descriptions_defaults_and_bounds() -> None:
    schema = parameters(book)
    assert schema["type"] == "object"
    assert schema["required"] == ["guests"]
    assert schema["additionalProperties"] is False
    assert schema["properties"]["guests"] == {
        "type": "integer",
        "minimum": 1,
        "maximum": 8,
        "description": "how many.",
    }
    assert schema["properties"]["area"]["default"] == "inside"
    assert schema["properties"]["area"]["description"] == "where."
    assert "title" not in schema


def test_a_function_without_parameters_takes_an_empty_object() -> None:
    @tool
    def ping() -> None: ...

    assert parameters(ping) == {
        "type": "object",
        "properties": {},
        "additionalProperties": False,
    }
    assert ping.arguments("{}") == {}


def test_arguments_arrive_as_the_types_that_were_annotated() -> None:
    arguments = book.arguments(
        json.dumps(
            {
                "guests": 3,
                "area": "terrace",
                "when": "2030-01-02T20:00:00",
                "party": [{"name": "Ada", "friends": [{"name": "Bob"}]}],
                "wine": {"colour": "red"},
                "prices": {"menu": "12.50"},
                "position": [1, 2.5],
                "ticket": "12345678-1234-5678-1234-567812345678",
            }
        )
    )
    assert arguments == {
        "guests": 3,
        "area": Area.TERRACE,
        "when": dt.datetime(2030, 1, 2, 20),
        "party": [Guest(name="Ada", friends=[Guest(name="Bob")])],
        "wine": Wine("red"),
        "prices": {"menu": Decimal("12.50")},
        "position": (1.0, 2.5),
        "ticket": UUID("12345678-1234-5678-1234-567812345678"),
    }


def test_names_that_pydantic_keeps_for_itself_are_names_of_parameters_too() -> None:
    @tool
    def odd(schema: int, _id: int, model_config: int, p1: int = 0) -> None: ...

    given_ = {"schema": 1, "_id": 2, "model_config": 3, "p1": 4}
    assert list(parameters(odd)["properties"]) == list(given_)
    assert odd.arguments(json.dumps(given_)) == given_


def test_what_the_annotation_says_of_a_parameter_wins_over_the_docstring() -> None:
    @tool
    def tell(joke: Annotated[str, Field(description="a short one")]) -> None:
        """Tell.

        Args:
            joke: a long one.
        """

    assert parameters(tell)["properties"]["joke"]["description"] == "a short one"


def test_words_beside_a_type_are_told_at_any_depth() -> None:
    @tool
    def tell(
        joke: Annotated[str, "a short one"],
        to: list[Annotated[str, "a first name"]],
        when: Annotated[dt.time, Doc("in the morning")] | None = None,
    ) -> None: ...

    told = parameters(tell)["properties"]
    assert told["joke"] == {"type": "string", "description": "a short one"}
    assert told["to"]["items"]["description"] == "a first name"
    assert told["when"]["anyOf"][0]["description"] == "in the morning"
    given_ = tell.arguments('{"joke": "x", "to": ["Ada"], "when": "10:00"}')
    assert given_ == {"joke": "x", "to": ["Ada"], "when": dt.time(10)}


class Place(NamedTuple):
    x: int
    y: int


def test_an_array_has_items_whatever_it_is_of() -> None:
    @tool
    def go(to: Place, by: tuple[int, str], past: list[Any], no: tuple[()]) -> None: ...

    schema = parameters(go)
    told = schema["properties"] | {"to": schema["$defs"]["Place"]}
    assert all("items" in each for each in told.values())
    assert told["by"]["items"] == {"anyOf": [{"type": "integer"}, {"type": "string"}]}


def test_types_made_in_the_same_function_are_found() -> None:
    class Local(BaseModel):
        size: int

    @tool
    def measure(thing: Local) -> None: ...

    @tool(name="again")
    def measure_again(thing: list[Local]) -> None: ...

    assert measure.arguments('{"thing": {"size": 1}}') == {"thing": Local(size=1)}
    assert again_takes(measure_again, {"thing": [{"size": 1}]})


def again_takes(of: Tool[..., Any], value: Mapping[str, object]) -> bool:
    return bool(of.arguments(json.dumps(value)))


def test_the_result_need_not_be_described() -> None:
    @tool
    def half(of: int) -> Fraction:
        raise NotImplementedError

    assert half.arguments('{"of": 1}') == {"of": 1}


class Machine:
    pass


def positional(a: int, /) -> None: ...
def many(*names: str) -> None: ...
def any_name(**names: str) -> None: ...
def untyped(a) -> None: ...  # type: ignore[no-untyped-def]  # pyright: ignore[reportUnknownParameterType, reportMissingParameterType]
def hidden(a: Fraction) -> None: ...
def machinery(a: Machine) -> None: ...
def function(a: Callable[[], None]) -> None: ...
def old_field(a: int = Field(ge=1)) -> None: ...


class Desk:
    def book(self, guests: int) -> int:
        return guests


INDESCRIBABLE: list[tuple[Callable[..., Any], str]] = [
    (positional, "take away the `/`"),
    (many, "`names: list[str]`"),
    (any_name, "`names: dict[str, str]`"),
    (untyped, "`a: str`"),
    (hidden, "TYPE_CHECKING"),
    (machinery, "use plain types"),
    (function, "use plain types"),
    (old_field, "Annotated[int, Field(ge=1)] = 1"),
    (Desk.book, "tool(desk.book)"),
]


@pytest.mark.parametrize(("made", "cure"), INDESCRIBABLE)
def test_what_cannot_be_described_is_refused_with_the_cure(
    made: Callable[..., Any], cure: str
) -> None:
    with pytest.raises(ToolError) as caught:
        tool(made)
    assert cure in str(caught.value)


def test_a_method_of_an_object_is_a_tool() -> None:
    made = tool(Desk().book)
    assert made.name == "book"
    assert made(guests=3) == 3


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(["inside", "terrace", "red", "2030-01-02T20:00:00", "12.5", ""])
    | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["name", "age", "friends", "colour", "glasses", "x"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)
NUMBERS = st.integers(-1, 9) | st.floats(-1, 9)
GUESTS: st.SearchStrategy[dict[str, object]] = st.fixed_dictionaries(
    {"name": st.text(max_size=3)},
    optional={"age": st.integers(-1, 99) | st.none(), "friends": st.just([])},
)
LIKELY = {
    "area": st.sampled_from(["inside", "terrace", "roof"]),
    "when": st.datetimes().map(str) | st.none(),
    "party": st.lists(GUESTS, max_size=2) | st.none(),
    "wine": st.fixed_dictionaries(
        {"colour": st.sampled_from(["red", "white", "blue"])},
        optional={"glasses": st.integers()},
    ),
    "prices": st.dictionaries(st.text(max_size=2), NUMBERS | st.just("12.50")),
    "position": st.lists(NUMBERS, min_size=2, max_size=3),
    "ticket": st.uuids().map(str) | st.integers(),
    "note": st.text(max_size=5),
    "quiet": st.booleans(),
}


@given(
    st.fixed_dictionaries({"guests": st.integers(1, 9)}, optional=LIKELY),
    st.dictionaries(st.sampled_from([*LIKELY, "gusts"]), VALUES, max_size=1),
)
def test_the_schema_allows_whatever_is_accepted(
    likely: dict[str, Any], unlikely: dict[str, Any]
) -> None:
    written = likely | unlikely
    try:
        book.arguments(json.dumps(written))
    except ArgumentsError:
        reject()  # hypothesis complains when too many are
    errors = list(Draft202012Validator(parameters(book)).iter_errors(written))  # pyright: ignore[reportUnknownMemberType]  # jsonschema's stubs say little
    assert not errors


def test_the_schema_is_itself_valid() -> None:
    Draft202012Validator.check_schema(parameters(book))


def test_a_default_that_json_lacks_is_the_functions_own_affair() -> None:
    @tool
    def wait(most: float = math.inf) -> float:
        """Wait."""
        return most

    assert parameters(wait)["properties"] == {"most": {"type": "number"}}
    assert wait.start(wait.arguments("{}")) == math.inf


def test_what_else_json_lacks_is_refused_with_the_tools_name() -> None:
    def wait(most: Annotated[float, Field(examples=[math.inf])]) -> None:
        """Wait."""

    with pytest.raises(ToolError, match=r"the tool wait has a parameter .* JSON lacks"):
        tool(wait)

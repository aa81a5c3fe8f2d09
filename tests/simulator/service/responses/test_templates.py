from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxpipe.simulator.service.conversation.items import ContentPart, Item
from voxpipe.simulator.service.responses.templates import fill

RESULT = '{"temperature": 21.5, "places": [{"name": "Rome"}], "open": true, "no": null}'


def conversation(output: str) -> list[Item]:
    call = {"name": "get_weather", "call_id": "call_1", "arguments": "{}"}
    return [
        Item("a", role="user", content=[ContentPart("input_text", "Hello?")]),
        Item("b", "function_call", call=call),
        Item("c", "function_call_output", call={"call_id": "call_1", "output": output}),
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("It is {result.temperature} degrees.", "It is 21.5 degrees."),
        ("{result.places.0.name}", "Rome"),
        ("{result.open} {result.no}", "true null"),
        ("{results.get_weather.temperature}", "21.5"),
        ("You said {heard}", "You said Hello?"),
        ("{result.nope}", "(no result.nope)"),
        ("{result.places.1.name}", "(no result.places.1.name)"),
        ("{result.temperature.x}", "(no result.temperature.x)"),
        ("{results.other.x}", "(no results.other.x)"),
        ("{result.places.00000000000000000000001}", "(no result.places.000"),
        ("{result.__class__}", "(no result.__class__)"),
        ("{0} {x} {} {{result}} {result!r} {", "{0} {x} {} {"),
    ],
)
def test_fields_are_filled_from_the_newest_result(text: str, said: str) -> None:
    assert fill(text, conversation(RESULT)).startswith(said)


def test_a_result_that_is_not_json_can_be_said_as_a_whole() -> None:
    items = conversation("sunny")
    assert fill("It is {result}, {result.x}.", items) == "It is sunny, (no result.x)."


def test_without_a_result_the_gap_is_said() -> None:
    assert fill("{result} {heard}", []) == "(no result) (no heard)"


@given(st.text(), st.text())
def test_nothing_that_stands_in_a_result_is_looked_at_again(
    text: str, output: str
) -> None:
    fill(text, conversation(output))
    nested = conversation('"{result.x} {heard}"')
    assert fill("{result}", nested) == "{result.x} {heard}"

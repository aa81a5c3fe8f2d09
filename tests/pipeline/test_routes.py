"""``>>`` draws, refuses what cannot follow, and reads as it was written."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from typing import Any

import pytest

from voxpipe.pipeline import OpenRoute, Processor, Route, WiringError

from .boxes import Echo, Gain, Meter, Model, Phone, Speller


def test_drawing_has_no_effect() -> None:
    phone, model, gain = Phone(), Model(), Gain()
    route = phone.heard >> gain >> model.hears
    assert (route.source, route.steps, route.sink) == (
        phone.heard,
        (gain,),
        model.hears,
    )
    assert not model.hears.fed
    assert not phone.heard.connected


def test_a_route_can_be_drawn_on_in_two_ways() -> None:
    phone = Phone()
    begun = phone.heard >> Gain()
    one, other = begun >> Meter().input, begun >> Echo() >> Meter().input
    assert (str(one), str(other)) == (
        "phone.heard >> Gain >> meter.input",
        "phone.heard >> Gain >> Echo >> meter.input",
    )
    assert str(begun) == "phone.heard >> Gain"


def test_a_route_is_a_value() -> None:
    phone, meter = Phone(), Meter()
    route = phone.heard >> meter.input
    assert isinstance(route, Route)
    assert route == phone.heard >> meter.input
    with pytest.raises(FrozenInstanceError):
        route.steps = ()  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
    assert phone.heard.drawn() == OpenRoute(phone.heard)


@pytest.mark.parametrize(
    ("onto", "words"),
    [
        (Gain, "a route goes through boxes that were made: draw Gain(), not Gain"),
        (Meter, "a route goes through boxes that were made: draw Meter(), not Meter"),
        (
            Model(),
            "a route goes on to a filter, a transform or an input, not to Model; of a "
            "processor with several ports name one, as in `>> model.hears`",
        ),
        (
            Phone().played,
            "a route goes on to a filter, a transform or an input, not to Output; of a "
            "processor with several ports name one, as in `>> model.hears`",
        ),
        (
            None,
            "a route goes on to a filter, a transform or an input, not to NoneType; of "
            "a processor with several ports name one, as in `>> model.hears`",
        ),
    ],
)
def test_what_cannot_follow_is_refused_with_the_cure(onto: Any, words: str) -> None:
    start: Any = Phone().heard
    for route in (start, start >> Speller()):
        with pytest.raises(WiringError) as caught:
            _ = route >> onto
        assert str(caught.value) == words


class Deaf(Processor):
    pass


@pytest.mark.parametrize(
    ("start", "words"),
    [
        (
            Phone(),
            "a route begins at an output, not at the whole of phone: draw phone.heard "
            "or phone.played",
        ),
        (Deaf(), "a route begins at an output, not at the whole of deaf: it has none"),
        (
            Meter().input,
            "a route ends in an input, and meter.input is one: draw on from the output "
            "of the same box",
        ),
    ],
)
def test_where_no_route_begins_is_refused_with_the_cure(start: Any, words: str) -> None:
    with pytest.raises(WiringError) as caught:
        _ = start >> Speller()
    assert str(caught.value) == words

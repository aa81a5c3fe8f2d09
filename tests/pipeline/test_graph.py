"""A drawing is read once: what is a route, what stands where, and what it is called."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from voxpipe.pipeline import Output, Pipeline, Processor, Text, WiringError
from voxpipe.pipeline.graph import Graph
from voxpipe.pipeline.testing import Probe, Source

from .boxes import Echo, Gain, Model, Phone, Speller


def refusal(*routes: Any) -> str:
    with pytest.raises(WiringError) as caught:
        Pipeline(*routes)
    return str(caught.value)


def test_a_pipeline_needs_a_route() -> None:
    assert refusal() == "a pipeline needs at least one route"


def test_a_route_leads_into_an_input() -> None:
    phone = Phone()
    assert refusal(phone.heard >> Gain()) == (
        "a pipeline is made of routes that end in an input; `phone.heard >> Gain` does "
        "not: draw on with `>> box.input`"
    )
    assert refusal(phone.heard) == (
        "a pipeline is made of routes that end in an input; `phone.heard` does not: "
        "draw on with `>> box.input`"
    )


def test_one_filter_follows_one_stream() -> None:
    phone, other, probe, gain = Phone(), Phone(), Probe(), Gain()
    words = (
        "one Gain is fed from two places, and it can follow one stream only: give each "
        "route its own Gain()"
    )
    assert (
        refusal(phone.heard >> gain >> probe.input, other.heard >> gain >> probe.input)
        == words
    )
    assert refusal(phone.heard >> gain >> Speller() >> gain >> probe.input) == words


def test_one_filter_may_have_two_readers() -> None:
    source, one, other, gain = Source([]), Probe(), Probe(), Gain()
    plan = Graph(
        (source.output >> gain >> one.input, source.output >> gain >> other.input)
    )
    assert plan.fused == [gain]
    ((branch,),) = plan.trees.values()
    assert [child.sink for child in branch.children] == [one.input, other.input]


def test_the_same_way_is_not_drawn_twice() -> None:
    source, probe = Source([]), Probe()
    assert refusal(source.output >> probe.input, source.output >> probe.input) == (
        "the way from source.output into probe.input is drawn twice"
    )


def test_a_port_of_a_class_is_no_place() -> None:
    assert refusal(Phone.heard >> Probe().input) == (
        "Phone.heard is the port of a class: draw that of a box that was made, as in "
        "`box = Phone(…)` and `box.heard`"
    )


def test_a_port_that_was_made_in_a_method_is_told_to_stand_in_the_class() -> None:
    class Late(Processor):
        def __init__(self) -> None:
            self.output = Output[Text]()

    assert refusal(Late().output >> Probe().input) == (
        "an Output[Text]() was made in a method, such as __init__, and so no box has "
        "it: declare it at the top of the class, `name = Output[Text]()`"
    )


def test_a_stage_stands_in_the_middle_of_a_route() -> None:
    source, echo, probe, gain = Source([]), Echo(), Probe(), Gain()
    plan = Graph((source.output >> echo >> gain >> probe.input,))
    assert plan.processors == [source, echo, probe]
    assert list(plan.ways(source.output)) == [(echo.input, ())]
    assert list(plan.ways(echo.output)) == [(probe.input, (gain,))]


def test_names_are_unlike_each_other_and_may_be_chosen() -> None:
    source, probe, other, chosen = Source([]), Probe(), Probe(), Probe()
    chosen.name = "board"
    first, second, loud = Gain(), Gain(), Gain()
    loud.name = "loud"
    plan = Graph(
        (
            source.output >> first >> second >> probe.input,
            source.output >> loud >> other.input,
            source.output >> chosen.input,
        )
    )
    assert [plan.name(box) for box in plan.processors] == [
        "source",
        "probe",
        "probe2",
        "board",
    ]
    assert [plan.name(box) for box in plan.fused] == ["gain", "gain2", "loud"]
    assert plan.label(other.input) == "probe2.input"


def test_names_are_found_even_where_numbers_are_taken() -> None:
    boxes = [Probe() for _ in range(3)]
    boxes[0].name = "probe2"
    source = Source([])
    plan = Graph(tuple(source.output >> box.input for box in boxes))
    assert [plan.name(box) for box in boxes] == ["probe2", "probe", "probe3"]


def test_boxes_report_by_the_name_that_they_are_drawn_with() -> None:
    source, one, other = Source([]), Probe(), Probe()
    Pipeline(source.output >> one.input, source.output >> other.input)
    assert [box.name for box in (source, one, other)] == ["source", "probe", "probe2"]
    assert str(other.input) == "probe2.input"
    assert repr(other) == "<Probe probe2>"


def test_all_ports_of_all_boxes_are_known_drawn_or_not() -> None:
    phone, model = Phone(), Model()
    plan = Graph((phone.heard >> model.hears, model.says >> phone.speaks))
    assert [plan.label(port) for port in plan.inputs] == [
        "phone.speaks",
        "model.hears",
        "model.results",
    ]
    assert [plan.label(port) for port in plan.outputs] == [
        "phone.faults",
        "phone.heard",
        "phone.played",
        "model.faults",
        "model.says",
        "model.calls",
    ]


def test_a_box_is_not_confused_with_an_equal_one() -> None:
    @dataclass
    class Same(Processor):  # equal to each other, and not hashable
        loudness: float
        output = Output[Any]()

    one, other, probe = Same(1.0), Same(1.0), Probe()
    assert one == other
    pipeline = Pipeline(one.output >> probe.input, other.output >> probe.input)
    assert pipeline.drawing() == (
        "same.output ─▶ probe.input\nsame2.output ─▶ probe.input\n"
    )

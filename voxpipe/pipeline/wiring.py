"""The checks before anything starts; each complaint says how to redraw.

What types cannot say is said here: who feeds what, which audio may enter where, who
plays a reply, and whether a loop can stand still.
"""

from __future__ import annotations

from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from inspect import isasyncgenfunction, iscoroutinefunction
from typing import Any

from .audio import AudioFormat, check_entry
from .errors import FormatError, WiringError, blame
from .filters import AnyBox
from .frames import Dtmf, Text
from .graph import Branch, Graph
from .kinds import Kinds, after, can_enter, fit, in_words, kinds_of
from .output import Output
from .ports import Input, PlayoutInput


def check(plan: Graph) -> None:
    """Refuse what cannot work.

    Raises:
        WiringError: all complaints, one a line.
    """
    through: dict[Input[Any], tuple[AnyBox, ...]] = {}
    for output in plan.trees:
        for sink, boxes in plan.ways(output):
            through[sink] = (*through.get(sink, ()), *boxes)
    for port in plan.inputs:
        port.fed = port in through
        port.through = through.get(port, ())
    for out in plan.outputs:
        out.read = out in plan.trees
    complaints = [
        *_unfed(plan),
        *_asynchronous(plan),
        *_mute(plan),
        *_formats(plan),
        *_playouts(plan),
        *_loops(plan),
        *_of_boxes(plan),
    ]
    if complaints:
        raise WiringError("\n".join(dict.fromkeys(complaints)))


def _unfed(plan: Graph) -> Iterator[str]:
    for port in plan.inputs:
        if not port.fed and not port.optional:
            label = plan.label(port)
            yield f"nothing feeds {label}: draw a route that ends `>> {label}`"


def _asynchronous(plan: Graph) -> Iterator[str]:
    for box in plan.fused:
        feed: Any = box.feed
        if iscoroutinefunction(feed) or isasyncgenfunction(feed):
            yield (
                f"{type(box).__name__}.feed is async, and a box without a task cannot "
                "wait: write `def feed`, or a Processor for what has to wait"
            )


def _of_boxes(plan: Graph) -> Iterator[str]:
    for box in plan.processors:
        try:
            yield from [f"{each}" for each in box.check()]
        except Exception as error:
            blame(error, plan.name(box))
            raise


# Boxes of ours that make one kind of frame of another.
_MAKERS: tuple[tuple[type, type, str], ...] = ((Dtmf, Text, "Keys()"),)


def _mute(plan: Graph) -> Iterator[str]:
    """Routes along which nothing comes that is of use at their end."""
    for output, tree in plan.trees.items():
        for branch in tree:
            for sink, kinds in _arrivals(branch, kinds_of(output)):
                if not can_enter(kinds, kinds_of(sink)):
                    yield (
                        f"{plan.label(sink)} takes {in_words(kinds_of(sink))}, and "
                        f"from {plan.label(output)} comes {in_words(kinds)}, which it "
                        f"would not heed: {_redrawn(plan, output, sink, kinds)}"
                    )


def _arrivals(branch: Branch, kinds: Kinds) -> Iterator[tuple[Input[Any], Kinds]]:
    if branch.sink is not None:
        yield branch.sink, kinds
    elif branch.box is not None:
        left = after(branch.box, kinds)
        for child in branch.children:
            yield from _arrivals(child, left)


def _redrawn(plan: Graph, output: Output[Any], sink: Input[Any], kinds: Kinds) -> str:
    """How to draw a route along which something comes."""
    inputs: list[Input[Any]] = [sink, *sink.owner.inputs()]
    for kind, made, box in _MAKERS:
        for other in inputs:
            if kinds == frozenset({kind}) and made in (kinds_of(other) or ()):
                way = f"{plan.label(output)} >> {box} >> {plan.label(other)}"
                return f"draw `{way}`"
    drawn = {id(each) for each, to in _ends(plan) if to is sink}
    for source in output.owner.outputs():
        if id(source) not in drawn and fit(kinds_of(source), kinds_of(sink)):
            return f"draw `{plan.label(source)} >> {plan.label(sink)}`"
    for other in inputs:
        if fit(kinds, kinds_of(other)):
            return f"draw `{plan.label(output)} >> {plan.label(other)}`"
    return "take the route away, or put a Transform into it that makes one of the other"


def _ends(plan: Graph) -> Iterator[tuple[Output[Any], Input[Any]]]:
    for output in plan.trees:
        for sink, _ in plan.ways(output):
            yield output, sink


def _formats(plan: Graph) -> Iterator[str]:
    for output in plan.trees:
        if output.format is not None:
            yield from misfits(plan, output, output.format)


def misfits(plan: Graph, output: Output[Any], format: AudioFormat) -> Iterator[str]:
    """Where audio that leaves an output in this format cannot enter, with the cure."""
    for branch in plan.trees.get(output, ()):
        yield from _enters(plan, branch, format, plan.label(output))


def _enters(
    plan: Graph,
    branch: Branch,
    format: AudioFormat,
    came_from: str,
    boxes: tuple[AnyBox, ...] = (),
) -> Iterator[str]:
    if branch.sink is not None:
        label, rule = plan.label(branch.sink), branch.sink.format
        try:
            check_entry(format, came_from, rule, label)
        except FormatError as error:
            better = {box: box.written_for(format, rule) for box in boxes}
            box = next((each for each in boxes if better[each]), None)
            yield (
                str(error) + branch.sink.or_else.get(format, "")
                if box is None
                else f"{plan.name(box)} gives {format}, and {label} takes {rule}: "
                f"write {better[box]} in its place"
            )
    elif branch.box is not None:
        name = plan.name(branch.box)
        try:
            leaving = branch.box.leaves_as(format)
        except FormatError as error:
            yield f"{came_from} is {format}, {name}: {error}"
            return
        except Exception as error:
            blame(error, name)
            raise
        if type(leaving) is not AudioFormat:
            raise _says_nothing(branch.box, name, leaving)
        for child in branch.children:
            yield from _enters(plan, child, leaving, name, (branch.box, *boxes))


def _says_nothing(box: AnyBox, name: str, given: Any) -> WiringError:
    error = WiringError(
        f"{type(box).__name__}.leaves_as returns {type(given).__name__}, and not the "
        "AudioFormat in which audio leaves: return one, the `format` that it is given "
        "where it stays the same"
    )
    blame(error, name)
    return error


def _playouts(plan: Graph) -> Iterator[str]:
    voices: dict[Input[Any], list[Output[Any]]] = {}
    for output in plan.trees:
        sinks = [sink for sink, _ in plan.ways(output)]
        found = [sink for sink in sinks if isinstance(sink, PlayoutInput)]
        for sink in dict.fromkeys(found):
            voices.setdefault(sink, []).append(output)
        if len(set(found)) < len(found):
            yield (
                f"{plan.label(output)} reaches {plan.label(found[0])} by two ways: it "
                "would sound twice; take one of the routes away"
            )
        elif len(found) > 1:
            both = " and ".join(plan.label(sink) for sink in found)
            yield (
                f"{plan.label(output)} is played on {both}: one reply has one ear, or "
                "nobody knows what was heard; record the others from `played`"
            )
    for port, outputs in voices.items():
        if len(outputs) > 1:
            both = " and ".join(plan.label(output) for output in outputs)
            yield (
                f"{both} speak into {plan.label(port)}: one ear hears one voice at "
                "a time; mix them in a processor in front of it"
            )


def _loops(plan: Graph) -> Iterator[str]:
    patient = TopologicalSorter[str]()
    for output in plan.trees:
        for sink, _ in plan.ways(output):
            if _can_stand_still(sink):
                patient.add(plan.name(sink.owner), plan.name(output.owner))
    try:
        patient.prepare()
    except CycleError as error:
        yield (
            f"{' >> '.join(error.args[1])} is a loop in which every input waits, so it "
            "can stand still: declare the input that closes it with feedback=True"
        )


def _can_stand_still(sink: Input[Any]) -> bool:
    # What a playout takes depends on time only, not on what its phone sends.
    patient = sink.on_full == "wait" and not sink.feedback
    return patient and not isinstance(sink, PlayoutInput)

"""The checks before anything starts; each complaint says how to redraw.

What types cannot say is said here: who feeds what, which audio may enter where, who
plays a reply, and whether a loop can stand still.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .audio import AudioFormat, check_entry
from .errors import FormatError, WiringError
from .filters import leaves_as
from .graph import Branch, Graph
from .output import Output
from .ports import Input, PlayoutInput


def check(plan: Graph) -> None:
    """Refuse what cannot work.

    Raises:
        WiringError: all complaints, one a line.
    """
    through = plan.through()
    for box in plan.processors:
        for port in box.inputs():
            port.fed = port in through
            port.through = through.get(port, ())
        for out in box.outputs():
            out.read = out in plan.trees
    complaints = [
        *_unfed(plan),
        *_formats(plan),
        *_playouts(plan),
        *_loops(plan),
        *(each for box in plan.processors for each in box.check()),
    ]
    if complaints:
        raise WiringError("\n".join(dict.fromkeys(complaints)))


def _unfed(plan: Graph) -> Iterator[str]:
    for box in plan.processors:
        for port in box.inputs():
            if not port.fed and not port.optional:
                label = plan.label(port)
                yield f"nothing feeds {label}: draw a route that ends `>> {label}`"


def _formats(plan: Graph) -> Iterator[str]:
    for output, tree in plan.trees.items():
        if output.format is not None:
            for branch in tree:
                yield from _enters(plan, branch, output.format, plan.label(output))


def _enters(
    plan: Graph, branch: Branch, format: AudioFormat, came_from: str
) -> Iterator[str]:
    try:
        if branch.sink is not None:
            check_entry(format, came_from, branch.sink.format, plan.label(branch.sink))
            return
        assert branch.box is not None
        name = plan.name(branch.box)
        leaving = leaves_as(branch.box, name, format, came_from)
    except FormatError as error:
        yield str(error)
        return
    for child in branch.children:
        yield from _enters(plan, child, leaving, name)


def _playouts(plan: Graph) -> Iterator[str]:
    voices: dict[Input[Any], list[Output[Any]]] = {}
    for output in plan.trees:
        found = [sink for sink in plan.sinks(output) if isinstance(sink, PlayoutInput)]
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
    behind: dict[str, list[str]] = {}
    for output in plan.trees:
        for sink in plan.sinks(output):
            if _can_stand_still(sink):
                following = behind.setdefault(plan.name(output.owner), [])
                following.append(plan.name(sink.owner))
    done: set[str] = set()
    for name in behind:
        loop = _loop_from(name, behind, [], done)
        if loop:
            yield (
                f"{' >> '.join(loop)} is a loop in which every input waits, so it can "
                "stand still: declare the input that closes it with feedback=True"
            )
            return


def _can_stand_still(sink: Input[Any]) -> bool:
    # What a playout takes depends on time only, not on what its phone sends.
    patient = sink.on_full == "wait" and not sink.feedback
    return patient and not isinstance(sink, PlayoutInput)


def _loop_from(
    name: str, behind: dict[str, list[str]], path: list[str], done: set[str]
) -> list[str]:
    if name in path:
        return [*path[path.index(name) :], name]
    if name in done:
        return []
    for following in behind.get(name, ()):
        loop = _loop_from(following, behind, [*path, name], done)
        if loop:
            return loop
    done.add(name)
    return []

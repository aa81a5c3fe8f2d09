"""The drawing as data: which boxes there are, and what is drawn behind what.

`Graph` reads the routes once; the wiring checks, the pictures and the run all use it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from .errors import WiringError
from .filters import AnyBox, Filter, Transform, name_of
from .output import Output
from .ports import Input
from .processor import Processor
from .routes import Route

Way = tuple[Input[Any], tuple[AnyBox, ...]]
"""An input, and the fused boxes that lead into it."""


@dataclass(slots=True, eq=False)
class Branch:
    """A fused box and what is drawn behind it, or the input where a branch ends."""

    box: AnyBox | None
    sink: Input[Any] | None
    children: list[Branch] = field(default_factory=list["Branch"])

    def ways(self, through: tuple[AnyBox, ...] = ()) -> Iterator[Way]:
        """The ways that go on here, after the boxes that they came through."""
        if self.sink is not None:
            yield self.sink, through
        elif self.box is not None:
            for child in self.children:
                yield from child.ways((*through, self.box))


class Graph:
    """What the routes of a pipeline say.

    Attributes:
        processors: every box with a task, in drawn order.
        fused: every box without one, in drawn order.
        trees: for each output that is read, its branches in drawn order.

    Raises:
        WiringError: something that is not a closed route, or one filter in two places.
    """

    def __init__(self, routes: tuple[Route, ...]) -> None:
        self.processors: list[Processor] = []
        self.fused: list[AnyBox] = []
        self.trees: dict[Output[Any], list[Branch]] = {}
        self._names: dict[int, str] = {}
        self._parents: dict[int, object] = {}  # what each fused box is drawn behind
        if not routes:
            raise WiringError("a pipeline needs at least one route")
        for route in routes:
            self._add(route)
        self._name_all()

    def _add(self, route: Any) -> None:
        if not isinstance(route, Route):
            raise WiringError(
                f"a pipeline is made of routes that end in an input; `{route}` does "
                "not: draw on with `>> box.input`"
            )
        source: Output[Any] = route.source
        steps: list[Any] = []
        for step in route.steps:
            if isinstance(step, Filter | Transform):
                steps.append(step)
            else:  # a stage: the route goes in, and comes out again
                self._connect(source, steps, step.input)
                source, steps = step.output, []
        self._connect(source, steps, route.sink)

    def _connect(
        self, source: Output[Any], steps: list[AnyBox], sink: Input[Any]
    ) -> None:
        self._know(source)
        branches = self.trees.setdefault(source, [])
        parent: object = source
        for step in steps:
            self._place(step, parent)
            branch = next((each for each in branches if each.box is step), None)
            if branch is None:
                branch = Branch(step, None)
                branches.append(branch)
            parent, branches = step, branch.children
        self._know(sink)
        if any(branch.sink is sink for branch in branches):
            raise WiringError(f"the way from {source} into {sink} is drawn twice")
        branches.append(Branch(None, sink))

    @property
    def inputs(self) -> list[Input[Any]]:
        """Every input of every processor."""
        return [port for box in self.processors for port in box.inputs()]

    @property
    def outputs(self) -> list[Output[Any]]:
        """Every output of every processor."""
        return [port for box in self.processors for port in box.outputs()]

    def _place(self, box: AnyBox, parent: object) -> None:
        if id(box) not in self._parents:
            self._parents[id(box)] = parent
            self.fused.append(box)
        elif self._parents[id(box)] is not parent:
            name = type(box).__name__
            raise WiringError(
                f"one {name} is fed from two places, and it can follow one stream "
                f"only: give each route its own {name}()"
            )

    def _know(self, port: Input[Any] | Output[Any]) -> None:
        box = port.owner
        if not isinstance(box, Processor):
            raise WiringError(_homeless(port))
        # By identity: a processor may be a dataclass, with an idea of equality.
        if not any(box is known for known in self.processors):
            self.processors.append(box)

    def ways(self, source: Output[Any]) -> Iterator[Way]:
        """Where an output leads to, in drawn order."""
        for branch in self.trees.get(source, ()):
            yield from branch.ways()

    def name(self, box: Processor | AnyBox) -> str:
        """What this box is called: unlike every other in the pipeline."""
        return self._names[id(box)]

    def label(self, port: Input[Any] | Output[Any]) -> str:
        """What this port is called: ``phone.heard``."""
        return f"{self.name(port.owner)}.{port.name}"

    def _name_all(self) -> None:
        boxes: list[Any] = [*self.processors, *self.fused]
        used: set[str] = set()
        for box in boxes:
            wanted = box.name or name_of(box.__class__)
            name, number = wanted, 2
            while name in used:
                name, number = f"{wanted}{number}", number + 1
            used.add(name)
            self._names[id(box)] = name
            if isinstance(box, Processor):
                box.name = name  # in what it reports, and in its errors


def _homeless(port: Input[Any] | Output[Any]) -> str:
    """Why a port has no box, and how it gets one."""
    if port.owner is not None:
        return (
            f"a port belongs to a processor: let {type(port.owner).__name__}, which "
            f"has {port.name}, derive from Processor"
        )
    if port.declared_by:
        return (
            f"{port} is the port of a class: draw that of a box that was made, as in "
            f"`box = {port.declared_by}(…)` and `box.{port.name}`"
        )
    declared = getattr(port, "__orig_class__", type(port))
    kind = getattr(declared, "__args__", ("",))[0]
    name = f"{type(port).__name__}[{getattr(kind, '__name__', kind) or '…'}]()"
    return (
        f"an {name} was made in a method, such as __init__, and so no box has it: "
        f"declare it at the top of the class, `name = {name}`"
    )

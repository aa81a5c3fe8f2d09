"""Random drawings: any graph without loops, and what each of its inputs has to get."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any, get_args

from voxpipe.pipeline import Input, Output, Pipeline, Turn
from voxpipe.pipeline.routes import Route

from .parts import (
    Bundle,
    Copying,
    Hold,
    Label,
    Labelled,
    Manners,
    Middle,
    Pace,
    Plain,
    Reading,
    Sieve,
    Sink,
    Tag,
    Through,
    Way,
    WordsOnly,
    Writer,
    labelled,
)

PLAIN: tuple[type[Any], ...] = (Plain, Copying, WordsOnly, Through)
LOSING = (Sieve,)
HOLDING = (Hold, Bundle)

CAPACITIES = (1, 2, 3, 8, 64)  # frames
CAPACITIES_MS = (0.5, 5.0, 40.0, 200.0)
SIZES = (0, 0, 0, 32, 160, 320, 1_800)  # bytes; see `labelled`
SECONDS = (None, None, None, 0.0, 0.001, 0.02, 0.1)  # virtual


class Drawing:
    """One to three writers, up to four boxes between, and one to three sinks.

    Routes go through up to four synchronous boxes, and share their beginnings at
    random; two may come from one output, and into one input.

    Args:
        random: decides everything.
        turns: of which the frames are, or of none.
        boxes: kinds that may stand in a route.
        leaving: sinks may have enough before the end.
    """

    def __init__(
        self,
        random: Random,
        *,
        turns: int = 0,
        boxes: tuple[type[Any], ...] = (*PLAIN, *LOSING, *HOLDING),
        leaving: bool = True,
    ) -> None:
        self._random = random
        self._boxes = boxes
        self.turns = [Turn(f"turn {number}") for number in range(turns)]
        self.writers = [
            Writer(self._frames(writer), self._manners())
            for writer in range(random.randint(1, 3))
        ]
        self.middles = [Middle(self._manners()) for _ in range(random.randint(0, 4))]
        self.sinks = [
            Sink(
                self._manners(),
                random.randint(1, 30) if leaving and random.random() < 0.3 else None,
            )
            for _ in range(random.randint(1, 3))
        ]
        self.routes: list[Route] = []
        self._into: dict[Input[Any], list[tuple[Output[Any], int, bool]]] = {}
        self._drawn: dict[Output[Any], list[list[Any]]] = {}
        self._draw()

    def pipeline(self) -> Pipeline:
        return Pipeline(*self.routes)

    def due(self, port: Input[Any]) -> dict[Way, list[int]]:
        """The numbers that are to arrive at an input, along each way into it."""
        ways: dict[Way, list[int]] = {}
        for writer, routes, sifted in self._ways(port):
            numbers = range(len(self.writers[writer].frames))
            ways[writer, routes] = [n for n in numbers if not sifted or Sieve.keeps(n)]
        return ways

    def _ways(self, port: Input[Any]) -> Iterator[tuple[int, tuple[int, ...], bool]]:
        for output, route, sifts in self._into.get(port, ()):
            if output.owner in self.writers:
                yield self.writers.index(output.owner), (route,), sifts
                continue
            for entry in output.owner.inputs():
                for writer, routes, sifted in self._ways(entry):
                    yield writer, (*routes, route), sifts or sifted

    def _frames(self, writer: int) -> list[Labelled]:
        random, turns = self._random, [None, *self.turns]
        return [
            labelled(Label(writer, number), random.choice(SIZES), random.choice(turns))
            for number in range(random.randint(0, 40))
        ]

    def _manners(self) -> Manners:
        random = self._random
        readings: tuple[Reading, ...] = get_args(Reading)
        return Manners(
            (random.choice(readings), random.choice(readings)),
            Pace(random.randint(1, 9), random.choice(SECONDS)),
            random.random() < 0.3,
        )

    def _draw(self) -> None:
        random = self._random
        outputs: list[Output[Any]] = [writer.a for writer in self.writers]
        for box in (*self.middles, *self.sinks):
            for port in (box.one, box.other)[: random.randint(1, 2)]:
                port.capacity = random.choice(CAPACITIES)
                port.capacity_ms = random.choice(CAPACITIES_MS)
                for _ in range(random.randint(1, 2)):
                    self._draw_route(random.choice(outputs), port)
            if isinstance(box, Middle):
                outputs += (box.a, box.b)[: random.randint(1, 2)]

    def _draw_route(self, output: Output[Any], port: Input[Any]) -> None:
        random, drawn = self._random, self._drawn.setdefault(output, [])
        boxes: list[Any] = []
        if drawn and random.random() < 0.5:
            other = random.choice(drawn)
            boxes = other[: random.randint(0, len(other))]
        boxes = [
            *boxes,
            *(random.choice(self._boxes)() for _ in range(random.randint(0, 4))),
        ]
        drawn.append(boxes)
        number = len(self.routes)
        self.routes.append(Route(output, (*boxes, Tag(number)), port))
        sifts = any(isinstance(box, Sieve) for box in boxes)
        self._into.setdefault(port, []).append((output, number, sifts))

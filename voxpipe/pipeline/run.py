"""A drawing made real for one run: queues, fused trees, and their counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from .audioframe import Frame
from .entry import Entry
from .errors import BLAMED
from .fused import Leaf, Node, Tree, Watch
from .graph import Branch, Graph
from .kinds import Kinds, kinds_of, may_leave
from .ports import Input
from .queue import Delivery, Queue
from .stats import BoxStats, InputStats, OutputStats, Stats
from .wiring import misfits


class Run:
    """What a pipeline consists of while it runs.

    Args:
        plan: the drawing.
    """

    def __init__(self, plan: Graph) -> None:
        self._plan = plan
        self._queues: dict[Input[Any], Queue] = {}
        self._nodes: list[Node] = []
        self._trees: list[Tree] = []
        self._busy: dict[str, float] = {}

    def connect(self) -> None:
        """Give every input its queue, and every output what is drawn behind it."""
        plan = self._plan
        self._queues = {port: port.new_queue(plan.label(port)) for port in plan.inputs}
        for port in plan.outputs:
            out: list[Delivery] = []
            label = plan.label(port)
            branches = plan.trees.get(port, ())
            kinds = kinds_of(port)
            children = [self._build(each, label, kinds, out) for each in branches]
            queues = [self._queues[sink] for sink, _ in plan.ways(port)]
            tree = Tree(children, queues, out, partial(misfits, plan, port))
            self._trees.append(tree)
            port.connect(tree)

    def _build(
        self, branch: Branch, came_from: str, kinds: Kinds, out: list[Delivery]
    ) -> Node | Leaf:
        expected = Entry(came_from, kinds)
        sink = branch.sink
        if sink is not None:
            return Leaf(self._queues[sink], sink.format, expected, out)
        assert branch.box is not None
        name = self._plan.name(branch.box)
        left = may_leave(branch.box, kinds)
        children = [self._build(each, name, left, out) for each in branch.children]
        node = Node(name, branch.box, children, expected)
        self._nodes.append(node)
        return node

    def disconnect(self) -> None:
        """The run is over: nothing can be sent or taken any more."""
        for queue in self._queues.values():
            queue.finish()
        for port in self._plan.outputs:
            port.disconnect()

    @property
    def queues(self) -> Mapping[Input[Any], Queue]:
        """In front of each input."""
        return self._queues

    def watch(self, watches: Sequence[Watch | None]) -> None:
        """Measure busy times, and tell ``watches``; none of them: measure nothing."""

        def tell(name: str, frame: Frame, seconds: float) -> None:
            self._busy[name] = self._busy.get(name, 0.0) + seconds
            for watch in watches:
                if watch is not None:
                    try:
                        watch(name, frame, seconds)
                    except Exception as error:
                        error.add_note(f"{BLAMED}what watches the pipeline")
                        raise

        for tree in self._trees:
            tree.watch(tell if watches else None)

    def stats(self) -> Stats:
        """The counts so far."""
        plan = self._plan
        return Stats(
            boxes={
                node.name: BoxStats(node.taken, node.made, self._busy_alone(node))
                for node in self._nodes
            },
            inputs={queue.name: _count(queue) for queue in self._queues.values()},
            outputs={
                plan.label(port): OutputStats(port.sent, port.stale)
                for port in plan.outputs
            },
            faults={plan.name(box): box.fault_count for box in plan.processors},
        )

    def _busy_alone(self, node: Node) -> float:
        behind = sum(self._busy.get(each.name, 0.0) for each in node.boxes)
        return max(0.0, self._busy.get(node.name, 0.0) - behind)


def _count(queue: Queue) -> InputStats:
    return InputStats(
        capacity=queue.capacity,
        capacity_ms=round(queue.capacity_seconds * 1000, 3),
        delivered=queue.delivered,
        depth=queue.depth,
        depth_ms=queue.seconds * 1000,
        high_water=queue.high_water,
        high_water_ms=queue.high_water_seconds * 1000,
        dropped=queue.dropped,
        stale=queue.stale,
        discarded=queue.discarded,
    )

"""The pipeline: checks a drawing, connects it, and runs it in one task group."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

from anyio import create_task_group, get_cancelled_exc_class, move_on_after

from . import drawing
from .errors import WiringError, blame
from .frames import Frame
from .fuse import Delivery, Leaf, Node, Tree, Watch
from .plan import Branch, Plan
from .ports import Input, Output, Route
from .processor import Processor
from .queue import Queue
from .stats import BoxStats, InputStats, OutputStats, Stats
from .watchdog import Watchdog
from .wiring import check


class Pipeline:
    """Processors joined by routes.

    Drawing has no effect; everything is checked here, before anything starts.

    Args:
        routes: each from an output, through any number of boxes, into an input. Two
            routes from one output are a tee; two into one input are a merge. The
            slowest reader of an output that waits holds the others back.

    Raises:
        WiringError: all that is wrong with the drawing, with the cure.
    """

    def __init__(self, *routes: Route) -> None:
        self._plan = Plan(routes)
        self._running = False
        self._queues: dict[Input[Any], Queue] = {}
        self._nodes: dict[str, Node] = {}
        self._trees: list[Tree] = []
        self._watches: list[Watch] = []
        self._busy: dict[str, float] = {}
        check(self._plan)

    async def run(
        self, *, deadline: float | None = None
    ) -> Literal["finished", "deadline"]:
        """Run until every processor has returned.

        Args:
            deadline: seconds after which what still runs is cancelled.

        Returns:
            Which of the two it was.

        Raises:
            WiringError: the drawing became wrong since it was made, or one of its
                boxes already runs in another pipeline.
            Exception: what a box has raised, bare, with a note that names the box;
                several at once as an `ExceptionGroup`.
        """
        check(self._plan)  # formats may have become known since
        self._claim()
        boxes = {self._plan.name(box): box for box in self._plan.processors}
        watchdog = Watchdog(boxes)
        try:
            self._connect()
            with move_on_after(deadline) as scope:
                try:
                    async with create_task_group() as tasks:
                        tasks.start_soon(watchdog.watch, name="watchdog")
                        for name, box in boxes.items():
                            tasks.start_soon(self._live, box, name, watchdog, name=name)
                except BaseExceptionGroup as group:
                    raise _bare(group) from None
            return "deadline" if scope.cancelled_caught else "finished"
        finally:
            watchdog.dismiss()
            self._disconnect()

    async def _live(self, box: Processor, name: str, watchdog: Watchdog) -> None:
        with watchdog.life(name):
            try:
                await box.run()
                # Only a box that has come to its end has tails to give.
                for port in box.ports():
                    if isinstance(port, Output):
                        await port.end()
            except Exception as error:
                blame(error, name)
                raise
            finally:
                for port in box.ports():
                    if isinstance(port, Input):
                        port.finish()

    def _claim(self) -> None:
        for box in self._plan.processors:
            if vars(box).get("_running_in") is not None:
                raise WiringError(
                    f"{self._plan.name(box)} already runs in a pipeline: make a new "
                    "one for each"
                )
        for box in self._plan.processors:
            vars(box)["_running_in"] = self

    def _connect(self) -> None:
        self._nodes.clear()
        self._trees.clear()
        self._busy.clear()
        self._queues = {
            port: port.new_queue(self._plan.label(port))
            for box in self._plan.processors
            for port in box.ports()
            if isinstance(port, Input)
        }
        for box in self._plan.processors:
            for port in box.ports():
                if isinstance(port, Output):
                    out: list[Delivery] = []
                    branches = self._plan.trees.get(port, [])
                    children = [self._build(branch, out) for branch in branches]
                    tree = Tree(self._plan.label(port), children, out)
                    self._trees.append(tree)
                    port.connect(tree)
        self._tell_watches()

    def _build(self, branch: Branch, out: list[Delivery]) -> Node | Leaf:
        if branch.sink is not None:
            sink = branch.sink
            return Leaf(self._plan.label(sink), self._queues[sink], sink.format, out)
        assert branch.box is not None
        children = [self._build(child, out) for child in branch.children]
        node = Node(self._plan.name(branch.box), branch.box, children)
        self._nodes[node.name] = node
        return node

    def _disconnect(self) -> None:
        for queue in self._queues.values():
            queue.finish()
        for box in self._plan.processors:
            vars(box).pop("_running_in", None)
            for port in box.ports():
                if isinstance(port, Output):
                    port.disconnect()

    # --- looking at it

    @contextmanager
    def watch(self, watch: Watch | None = None) -> Iterator[None]:
        """Measure the busy time of the synchronous boxes while this context lasts.

        Args:
            watch: also called with the name of the box, each frame that it is given,
                and the seconds that it and what is fused behind it took.
        """

        def keep(name: str, frame: Frame, seconds: float) -> None:
            self._busy[name] = self._busy.get(name, 0.0) + seconds
            if watch is not None:
                watch(name, frame, seconds)

        self._watches.append(keep)
        self._tell_watches()
        try:
            yield
        finally:
            self._watches.remove(keep)
            self._tell_watches()

    def _tell_watches(self) -> None:
        watches = tuple(self._watches)

        def tell(name: str, frame: Frame, seconds: float) -> None:
            for watch in watches:
                watch(name, frame, seconds)

        for tree in self._trees:
            tree.watch(tell if watches else None)

    def stats(self) -> Stats:
        """The counts of this run so far, or of the last one."""
        plan = self._plan
        return Stats(
            boxes={
                name: BoxStats(node.taken, node.made, self._busy_alone(node))
                for name, node in self._nodes.items()
            },
            inputs={
                queue.name: InputStats(
                    delivered=queue.delivered,
                    depth=queue.depth,
                    depth_ms=queue.seconds * 1000,
                    high_water=queue.high_water,
                    high_water_ms=queue.high_water_seconds * 1000,
                    dropped=queue.dropped,
                    stale=queue.stale,
                    discarded=queue.discarded,
                )
                for queue in self._queues.values()
            },
            outputs={
                plan.label(port): OutputStats(port.sent, port.stale)
                for box in plan.processors
                for port in box.ports()
                if isinstance(port, Output)
            },
            faults={plan.name(box): box.fault_count for box in plan.processors},
        )

    def _busy_alone(self, node: Node) -> float:
        behind = sum(self._busy.get(name, 0.0) for name in node.behind())
        return max(0.0, self._busy.get(node.name, 0.0) - behind)

    def diagram(self) -> str:
        """The pipeline as a Mermaid flowchart."""
        return drawing.mermaid(self._plan)

    def drawing(self) -> str:
        """The pipeline as lines of text, for a terminal."""
        return drawing.text(self._plan)


def _bare(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The one error of a group, or the group without what cancellation left in it."""
    cancelled = get_cancelled_exc_class()
    errors = [each for each in _leaves(group) if not isinstance(each, cancelled)]
    if not errors:
        return next(_leaves(group))
    if len(errors) == 1:
        return errors[0]
    return BaseExceptionGroup("several boxes failed", errors)


def _leaves(group: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    for each in group.exceptions:
        if isinstance(each, BaseExceptionGroup):
            yield from _leaves(each)
        else:
            yield each

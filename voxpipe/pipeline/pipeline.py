"""The pipeline: checks a drawing, connects it, and runs it in one task group."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Generator
from contextlib import contextmanager
from typing import Any, Literal

import anyio

from . import drawing
from .errors import WiringError, blame
from .fused import Watch
from .graph import Graph
from .observer import observers
from .processor import Processor
from .routes import Route
from .run import Run
from .runtime import call_record
from .runtime.exits import (
    ExitAttempted,
    exits_as_failures,
    is_cancelled,
    orders,
)
from .runtime.scopes import bare
from .runtime.stalls import stalls_told
from .standstill import Standstill
from .stats import Stats
from .watchdog import Watchdog
from .wiring import check


class Pipeline:
    """Processors joined by routes.

    Drawing has no effect; everything is checked here, before anything starts.

    Args:
        routes: each from an output, through any number of boxes, into an input. Two
            routes from one output are a tee; two into one input are a merge. The
            slowest reader of an output that waits holds the others back.

    Attributes:
        unfinished: the boxes that had not returned when the last run was cancelled, by
            its deadline, from outside, or because another box failed.

    Raises:
        WiringError: all that is wrong with the drawing, with the cure.
    """

    def __init__(self, *routes: Route) -> None:
        self._plan = Graph(routes)
        self._circuit = Run(self._plan)
        self._watches: list[Watch | None] = []
        self.unfinished: tuple[str, ...] = ()
        self._refuse_busy_boxes()
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
        self._refuse_busy_boxes()
        check(self._plan)  # formats may have become known since
        boxes: list[Any] = [*self._plan.processors, *self._plan.fused]
        for box in boxes:
            box.running = True
        self._circuit = Run(self._plan)
        before = self._failures()
        try:
            self._circuit.connect()
            for each in observers():
                each.starts(self)
            self._circuit.watch(self._watches)
            with stalls_told(), anyio.move_on_after(deadline) as scope:
                await self._live_together()
            return "deadline" if scope.cancelled_caught else "finished"
        finally:
            self._circuit.disconnect()
            for box in boxes:
                box.running = False
            failures = self._failures()
            failures.subtract(before)
            call_record.count(failures)

    async def _live_together(self) -> None:
        boxes = {self._plan.name(box): box for box in self._plan.processors}
        watchdog = Watchdog(boxes)
        standstill = Standstill(self._plan, self._circuit.queues, watchdog.alive)
        failure: BaseException | None = None
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(watchdog.watch, standstill.watch, name="watchdog")
                for name, box in boxes.items():
                    tasks.start_soon(self._live, box, name, watchdog, name=name)
        except BaseExceptionGroup as group:
            failure = bare(group, "several boxes failed")
        finally:
            watchdog.dismiss()
            self.unfinished = watchdog.unfinished
        if failure is not None:
            raise failure

    async def _live(self, box: Processor, name: str, watchdog: Watchdog) -> None:
        with watchdog.life(name):
            try:
                try:
                    life: Any = box.run()
                    if not hasattr(life, "__await__"):
                        raise TypeError(_no_life(box, life))
                    with exits_as_failures(orders()):
                        await _own_life(life)
                finally:
                    for port in box.inputs():
                        port.finish()
                # Only a box that has come to its end has tails to give.
                for out in box.outputs():
                    await out.end()
            except Exception as error:
                blame(error, name)
                raise

    def _failures(self) -> Counter[str]:
        total = Counter[str]()
        for box in self._plan.processors:
            try:
                total.update(box.failure_counts())
            except Exception as error:
                blame(error, self._plan.name(box))
                raise
        return total

    def _refuse_busy_boxes(self) -> None:
        for box in (*self._plan.processors, *self._plan.fused):
            if box.running:
                raise WiringError(
                    f"{self._plan.name(box)} already runs in a pipeline: make a new "
                    "one for each"
                )

    # --- looking at it

    @contextmanager
    def watch(self, watch: Watch | None = None) -> Generator[None]:
        """Measure the busy time of the synchronous boxes while this context lasts.

        Args:
            watch: also called with the name of the box, each frame that it is given,
                and the seconds that it and what is fused behind it took.
        """
        self._watches.append(watch)
        self._circuit.watch(self._watches)
        try:
            yield
        finally:
            self._watches.remove(watch)
            self._circuit.watch(self._watches)

    def stats(self) -> Stats:
        """The counts of this run so far, or of the last one."""
        return self._circuit.stats()

    def links(self) -> list[drawing.Link]:
        """The pipeline as edges: from a box, by its output, to a box, into its input.

        By the names of the diagram; a fused box has no ports, and empty names for them.
        """
        return drawing.links(self._plan)

    def diagram(self) -> str:
        """The pipeline as a Mermaid flowchart; as `drawing`, it can be printed."""
        return drawing.mermaid(self._plan)

    def drawing(self) -> str:
        """The pipeline as lines of text, for a terminal.

        In ASCII where standard output cannot show more, so that it can be printed.
        """
        return drawing.text(self._plan)


async def _own_life(life: Awaitable[object]) -> None:
    """Live it.

    Raises:
        ExitAttempted: it has met a cancellation that was not for it, such as that of an
            asyncio task which it awaits, and would end as if all were well.
    """
    try:
        await life
    except anyio.get_cancelled_exc_class() as error:
        if is_cancelled():
            raise
        raise ExitAttempted(
            f"{type(error).__name__}, though nobody has cancelled it: what it awaits "
            "was cancelled; catch that there"
        ) from error


def _no_life(box: Processor, life: object) -> str:
    name = f"{type(box).__name__}.run"
    if hasattr(life, "__anext__") or hasattr(life, "__next__"):
        return f"{name} yields: write `await self.output.send(frame)` in place of that"
    return f"{name} is not async: write `async def run(self)`"

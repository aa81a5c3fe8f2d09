"""Notices that boxes wait for each other, and says which waits for what.

A box stands still when each of its tasks waits at a port, and for another that does:

* for room at an input of a box that stands still, or in line behind one that does;
* for a frame at an input that is empty, and whose writers all stand still;
* or for tasks of its own, at the end of their group.

If one of them waits for room, frames are held up, and nothing in the graph will ever
move them: only a deadline, a cut turn or somebody from outside. A box that waits for
anything else (a clock, a socket, an event: as a playout does) may go on by itself; and
where nobody waits for room, the graph is only idle. Neither is told.

Who waits is read off the tasks' coroutines, when an input has had writers waiting and
delivered nothing for a while: frames do not pay for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import FrameType
from typing import Any, Literal

import anyio

from .graph import Graph
from .output import Output
from .ports import Input
from .queue import Queue
from .runtime import call_record
from .runtime.stacks import waiting_frames

INTERVAL = 0.6  # seconds between two looks; three of them are told within 2 s

# Where a task waits: the innermost call of ours.
_LINE, _ROOM, _FRAME = "Output._wait_for_others", "Queue.put_later", "Queue.wait"


@dataclass(frozen=True, slots=True)
class _Wait:
    """What one task waits for.

    Attributes:
        frame: where it does; the same as long as it is the same wait.
        output: at which it sends.
        queue: in which it waits for room, or for a frame.
    """

    kind: Literal["room", "line", "frame", "tasks"]
    frame: FrameType
    output: Output[Any] | None = None
    queue: Queue | None = None


Waits = dict[str, list[_Wait]]
"""By the names of boxes."""


class Standstill:
    """Watches over one run of a pipeline.

    Args:
        plan: the drawing.
        queues: of its inputs.
        alive: coroutines of the boxes that run, by name.
    """

    def __init__(
        self,
        plan: Graph,
        queues: Mapping[Input[Any], Queue],
        alive: Mapping[str, Any],
    ) -> None:
        self._plan = plan
        self._alive = alive
        self._queues = {queue: plan.name(port.owner) for port, queue in queues.items()}
        self._writers: dict[Queue, list[Output[Any]]] = {}
        for output in plan.trees:
            for port, _ in plan.ways(output):
                self._writers.setdefault(queues[port], []).append(output)
        self._news = anyio.Event()
        for queue in self._queues:
            queue.on_wait = self._note

    def _note(self) -> None:
        self._news.set()

    async def watch(self) -> None:
        """Tell of it once, should it come to that; then, or else, wait for ever."""
        before: Waits = {}
        while True:
            await self._news.wait()
            delivered = {q: q.delivered for q in self._queues if q.is_waited_for}
            if not delivered:
                self._news = anyio.Event()
                continue
            await anyio.sleep(INTERVAL)
            now: Waits = {}
            if any(q.is_waited_for and q.delivered == n for q, n in delivered.items()):
                now = self._standing_still()
            if now and _same(now, before):
                self._tell(now)
                await anyio.sleep_forever()
            before = now

    # --- who waits for what

    def _standing_still(self) -> Waits:
        """The boxes that do, if one of them waits for room."""
        waits = self._waits()
        while True:
            free = [name for name in waits if not self._stands_still(name, waits)]
            for name in free:
                del waits[name]
            if not free:
                break
        held_up = any(each.kind == "room" for found in waits.values() for each in found)
        return waits if held_up else {}

    def _stands_still(self, name: str, waits: Waits) -> bool:
        found = waits[name]
        return any(each.kind != "tasks" for each in found) and all(
            self._is_settled(each, waits) for each in found
        )

    def _is_settled(self, wait: _Wait, waits: Waits) -> bool:
        """Whether it is for those who stand still, as far as one knows."""
        if wait.kind == "room":
            return wait.queue is not None and self._queues.get(wait.queue) in waits
        if wait.kind == "line":
            all_waits = [each for found in waits.values() for each in found]
            return any(
                each.kind == "room" and each.output is wait.output for each in all_waits
            )
        if wait.queue is None:
            return True
        return not wait.queue.depth and all(
            self._plan.name(output.owner) in waits
            for output in self._writers.get(wait.queue, ())
            if output.connected
        )

    def _waits(self) -> Waits:
        """What the boxes wait for, of which each task waits at a port."""
        tasks = anyio.get_running_tasks()
        boxes = {
            task.id: name
            for task in tasks
            for name, coroutine in self._alive.items()
            if task.coro is coroutine
        }
        parents = {task.id: task.parent_id for task in tasks}
        waits: Waits = {name: [] for name in boxes.values()}
        for task in tasks:
            name = _belongs_to(task.id, parents, boxes)
            if name in waits:
                wait = _wait_of(waiting_frames(task.coro))
                if wait is None:
                    del waits[name]
                else:
                    waits[name].append(wait)
        return waits

    # --- in words

    def _tell(self, waits: Waits) -> None:
        import logging

        logging.getLogger(__name__).warning(
            "%sthe pipeline stands still: %s. Nothing but a deadline, a cut turn or "
            "somebody from outside will end that. Read what comes first, at whatever "
            "input (a task for each), or give %s room for all that can come meanwhile "
            "(capacity=, capacity_ms=)",
            call_record.label(),
            "; ".join(self._links(waits)),
            _queue_of(self._cause(waits)).name,
        )

    def _cause(self, waits: Waits) -> _Wait:
        """What waits for room where the reader wants something else, if any does."""
        held_up = list(_held_up(waits))
        for wait in held_up:
            reader = waits[self._queues[_queue_of(wait)]]
            if any(each.kind == "frame" for each in reader):
                return wait
        return held_up[0]

    def _links(self, waits: Waits) -> Iterator[str]:
        """Who waits for whom, from one that waits for room, until it comes back."""
        wait: _Wait | None = self._cause(waits)
        told = list[FrameType]()
        while wait is not None and wait.frame not in told:
            told.append(wait.frame)
            queue = _queue_of(wait)
            if wait.kind == "room" and wait.output is not None:
                yield f"{self._plan.label(wait.output)} waits for room in {queue.name}"
                following = [self._queues[queue]]
            else:
                outputs = [o for o in self._writers.get(queue, ()) if o.connected]
                labels = " and ".join(self._plan.label(output) for output in outputs)
                box = self._queues[queue]
                yield f"{box} waits for a frame at {queue.name}, which {labels} feeds"
                following = [self._plan.name(output.owner) for output in outputs]
            wait = next(
                (
                    each
                    for name in following
                    for each in waits[name]
                    if each.queue is not None
                ),
                None,
            )


def _held_up(waits: Waits) -> Iterator[_Wait]:
    return (each for found in waits.values() for each in found if each.kind == "room")


def _queue_of(wait: _Wait) -> Queue:
    assert wait.queue is not None
    return wait.queue


def _same(now: Waits, before: Waits) -> bool:
    """Whether nobody has moved meanwhile."""
    ones, others = (
        {id(each.frame) for found in waits.values() for each in found}
        for waits in (now, before)  # which keep the frames, and so their ids
    )
    return ones == others


def _belongs_to(
    task: int | None, parents: Mapping[int, int | None], boxes: Mapping[int, str]
) -> str:
    """The box for which a task works."""
    while task is not None:
        if task in boxes:
            return boxes[task]
        task = parents.get(task)
    return ""


def _wait_of(frames: list[FrameType]) -> _Wait | None:
    """What a task waits for that stands there; ``None``: not at a port."""
    output: Output[Any] | None = None
    for frame in frames:  # from the outermost in
        name, owner = frame.f_code.co_qualname, frame.f_locals.get("self")
        kind: type = owner.__class__
        if issubclass(kind, Output):
            output = owner
            if name == _LINE:
                return _Wait("line", frame, output=owner)
        elif issubclass(kind, Queue):
            if name == _ROOM:
                return _Wait("room", frame, output=output, queue=owner)
            if name == _FRAME:
                return _Wait("frame", frame, queue=owner)
        elif name == "TaskGroup.__aexit__":  # of anyio, on either loop
            return _Wait("tasks", frame)
    return None

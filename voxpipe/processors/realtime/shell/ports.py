"""Frames on their way to ports that may be read slowly.

Each port has its own line and its own task, so that a tool call waits for nobody but
its own reader. Words that are still growing are told in their newest state: a reader
that is slow sees fewer steps, and every end.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from anyio.abc import TaskGroup

from voxpipe.pipeline import Frame, Output, Transcript, VoxpipeError
from voxpipe.pipeline.runtime.wakeup import Wakeup

MAX_WAITING = 4_096  # frames at a port; more is a program that does not read


class PortQueue:
    """Frames for one port.

    Args:
        output: the port.
    """

    def __init__(self, output: Output[Any]) -> None:
        self._output = output
        self._frames: dict[object, Frame] = {}  # by what they replace
        self._wakeup = Wakeup()
        self._closed = False

    def add(self, frame: Frame) -> None:
        """Queue ``frame``.

        Raises:
            VoxpipeError: the reader has not read for so long that the bound is reached.
        """
        key: object = object()
        if isinstance(frame, Transcript):
            words = (frame.speaker, frame.item_id)
            waiting = self._frames.get(words)
            if not (isinstance(waiting, Transcript) and waiting.final):
                key = words  # but nothing replaces an end
        if len(self._frames) >= MAX_WAITING and key not in self._frames:
            raise VoxpipeError(
                f"{MAX_WAITING} frames wait at {self._output}: its reader does not read"
            )
        self._frames[key] = frame
        self._wakeup.set()

    def close(self) -> None:
        """Nothing more will be added."""
        self._closed = True
        self._wakeup.set()

    async def deliver(self) -> None:
        """Give the port what comes, until `close`."""
        while True:
            while self._frames:
                frame = self._frames.pop(next(iter(self._frames)))
                await self._output.send(frame)
            if self._closed:
                return
            await self._wakeup.wait()


class PortQueues:
    """All ports of a box that tell something, each at its own reader's pace.

    Args:
        ports: those that nobody reads are told nothing.

    Attributes:
        read: the names of those that somebody reads.
    """

    def __init__(self, ports: Iterable[Output[Any]]) -> None:
        self._queues = {port.name: PortQueue(port) for port in ports if port.read}
        self.read = frozenset(self._queues)

    def start(self, tasks: TaskGroup) -> None:
        """Deliver, in tasks of ``tasks``, until `close`."""
        for queue in self._queues.values():
            tasks.start_soon(queue.deliver)

    def add(self, port: str, frame: Frame) -> None:
        """Queue ``frame`` at the port of this name, if it is read.

        Raises:
            VoxpipeError: the reader has not read for so long that the bound is reached.
        """
        if port in self._queues:
            self._queues[port].add(frame)

    def close(self) -> None:
        """Nothing more will be told."""
        for queue in self._queues.values():
            queue.close()

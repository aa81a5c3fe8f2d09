"""All ports of a box that tell something, each at its own reader's pace."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any

from anyio.abc import TaskGroup

from voxpipe.pipeline import Frame, Output

from .port_queue import PortQueue


class PortQueues:
    """Gives frames to those ports that are read.

    Args:
        ports: by name; those that nobody reads are told nothing.
    """

    def __init__(self, ports: Mapping[str, Output[Any]]) -> None:
        self._news = {
            name: PortQueue(port) for name, port in ports.items() if port.read
        }

    def start(self, tasks: TaskGroup) -> None:
        """Deliver, in tasks of ``tasks``, until `close`."""
        for news in self._news.values():
            tasks.start_soon(news.deliver)

    def tell(self, frames: deque[tuple[str, Frame]]) -> None:
        """Take all of ``frames``, each with the name of its port.

        Raises:
            VoxpipeError: a reader has not read for so long that the bound is reached.
        """
        while frames:
            port, frame = frames.popleft()
            if port in self._news:
                self._news[port].add(frame)

    def close(self) -> None:
        """Nothing more will be told."""
        for news in self._news.values():
            news.close()

"""What a program holds of a conversation, and waits for, in virtual time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from anyio import Event, fail_after
from anyio.abc import TaskGroup

from voxpipe.pipeline import VoxpipeError

LONGEST = 300.0  # virtual seconds in which whatever waits must have given it up


class Handles:
    """What a program holds and waits for.

    Attributes:
        ends: how each of them has ended, by name.
    """

    def __init__(self, tasks: TaskGroup) -> None:
        self._tasks = tasks
        self.ends: dict[str, str] = {}
        self._open: dict[str, Event] = {}

    def hold(self, name: str, wait: Callable[[], Awaitable[Any]]) -> None:
        """Wait for something beside the conversation."""
        self._open[name] = Event()
        self._tasks.start_soon(self._wait, name, wait)

    async def _wait(self, name: str, wait: Callable[[], Awaitable[Any]]) -> None:
        try:
            ended = await wait()
            self.ends[name] = getattr(ended, "status", "done")
        except VoxpipeError as error:
            self.ends[name] = type(error).__name__
        self._open[name].set()

    async def all_ended(self) -> None:
        """Wait until none is open."""
        with fail_after(LONGEST):
            for ended in tuple(self._open.values()):
                await ended.wait()

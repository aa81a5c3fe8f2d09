"""Finds what a run has left behind: tasks, open streams, sockets, files and threads."""

from __future__ import annotations

import gc
import os
import threading
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from anyio import get_running_tasks
from anyio.lowlevel import checkpoint
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from voxpipe.pipeline.runtime.timer import TIMERS


class LeakError(AssertionError):
    """Something is still there that was not there before."""


@asynccontextmanager
async def no_leaks() -> AsyncGenerator[None]:
    """Check that what runs inside leaves nothing behind.

    Compares tasks, unclosed memory streams, file descriptors (where ``/proc`` tells)
    and threads before and after; daemon threads, and those that anyio and asyncio keep
    for the next ``to_thread.run_sync`` or look-up of a name, do not count. What raises
    is not looked into.

    Raises:
        LeakError: names what was left.
    """
    tasks, streams = _tasks(), _streams()
    descriptors, threads = _descriptors(), _threads()
    yield
    for _ in range(3):  # a task that has just ended may need a step to go
        await checkpoint()
    gc.collect()
    known = {id(stream) for stream in streams}
    left = [
        *(f"task {name}" for key, name in _tasks().items() if key not in tasks),
        *(f"unclosed {type(s).__name__}" for s in _streams() if id(s) not in known),
        *(f"open {name}" for name in sorted(_descriptors() - descriptors)),
        *(f"thread {thread.name}" for thread in _threads() - threads),
    ]
    if left:
        raise LeakError("left behind: " + ", ".join(left))


def _tasks() -> dict[int, str]:
    return {
        task.id: task.name or "?"
        for task in get_running_tasks()
        if task.name != TIMERS  # it is the loop's: on trio a system task
    }


def _streams() -> list[Any]:
    # The streams themselves, not their ids: those are used again.
    kinds = (MemoryObjectSendStream, MemoryObjectReceiveStream)
    objects: list[Any] = gc.get_objects()
    # type() and not isinstance(): that asks weak proxies of objects that are gone.
    return [each for each in objects if type(each) in kinds and _is_open(each)]


def _is_open(stream: Any) -> bool:
    return not stream._closed  # nothing public tells


def _threads() -> set[threading.Thread]:
    return {
        thread
        for thread in threading.enumerate()
        if not thread.daemon
        and not type(thread).__module__.startswith("anyio.")
        and not thread.name.startswith("asyncio_")  # the loop's own, for look-ups
    }


def _descriptors() -> set[str]:
    folder = Path("/proc/self/fd")
    found: set[str] = set()
    if folder.is_dir():
        for entry in os.listdir(folder):
            try:
                found.add(f"{entry} -> {os.readlink(folder / entry)}")
            except OSError:  # the one that listdir itself had open
                continue
    return found

"""Finds what a run has left behind: tasks, open streams, sockets and files."""

from __future__ import annotations

import gc
import os
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from anyio import get_running_tasks
from anyio.lowlevel import checkpoint
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream


class LeakError(AssertionError):
    """Something is still there that was not there before."""


@asynccontextmanager
async def no_leaks() -> AsyncIterator[None]:
    """Check that what runs inside leaves nothing behind.

    Compares tasks, unclosed memory streams, file descriptors (where ``/proc`` tells)
    and non-daemon threads before and after.

    Raises:
        LeakError: names what was left.
    """
    tasks, streams = _tasks(), _streams()
    descriptors, threads = _descriptors(), _threads()
    yield
    for _ in range(3):  # a task that has just ended may need a step to go
        await checkpoint()
    gc.collect()
    left = [
        *(f"task {name}" for key, name in _tasks().items() if key not in tasks),
        *(name for key, name in _streams().items() if key not in streams),
        *(f"open {name}" for name in sorted(_descriptors() - descriptors)),
        *(f"thread {name}" for name in sorted(_threads() - threads)),
    ]
    if left:
        raise LeakError("left behind: " + ", ".join(left))


def _tasks() -> dict[int, str]:
    return {task.id: task.name or "?" for task in get_running_tasks()}


def _streams() -> dict[int, str]:
    return {
        id(each): f"unclosed {type(each).__name__}"
        for each in gc.get_objects()
        if isinstance(each, MemoryObjectSendStream | MemoryObjectReceiveStream)
        and not each._closed  # pyright: ignore[reportPrivateUsage]  # nothing public tells
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


def _threads() -> set[str]:
    return {
        f"{thread.name} ({thread.ident})"
        for thread in threading.enumerate()
        if not thread.daemon
    }

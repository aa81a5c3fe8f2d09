"""Where code stands: to name who keeps a loop from going on."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from types import FrameType
from typing import Any

# Where nobody would look for the fault: the event loop, and the standard library.
_LOOPS = ("/anyio/", "/trio/", "/outcome/", "/sniffio/")
PLACES = 5  # lines of a stack that are told
_STDLIB = os.path.dirname(os.__file__)


def frames_of(thread: int) -> list[FrameType]:
    """The frames of a thread that runs, from the outermost in."""
    found: list[FrameType] = []
    frame = sys._current_frames().get(thread)  # pyright: ignore[reportPrivateUsage]  # documented all the same
    while frame is not None:
        found.append(frame)
        frame = frame.f_back
    return found[::-1]


def waiting_frames(coroutine: Any) -> list[FrameType]:
    """The frames of a coroutine that waits, from the outermost in."""
    found: list[FrameType] = []
    while coroutine is not None:
        # Coroutines and generators name the same three things differently.
        running = getattr(coroutine, "cr_running", getattr(coroutine, "gi_running", 0))
        frame = getattr(coroutine, "cr_frame", getattr(coroutine, "gi_frame", None))
        if running or frame is None:
            break
        found.append(frame)
        coroutine = getattr(
            coroutine, "cr_await", getattr(coroutine, "gi_yieldfrom", None)
        )
    return found


def place_in(frames: Iterable[FrameType]) -> str:
    """The innermost line in code that could be at fault."""
    return _places(frames)[0]


def places_in(frames: Iterable[FrameType]) -> str:
    """The same, and those from which one came there."""
    return ", from ".join(_places(frames)[:PLACES])


def _places(frames: Iterable[FrameType]) -> list[str]:
    found = [
        f"{frame.f_code.co_filename}:{frame.f_lineno} in {frame.f_code.co_qualname}"
        for frame in frames
        if not _is_innocent(frame.f_code.co_filename)
    ]
    return found[::-1] or ["a place that cannot be seen"]


def _is_innocent(path: str) -> bool:
    if any(loop in path for loop in _LOOPS):
        return True
    return path.startswith(_STDLIB) and "-packages" not in path

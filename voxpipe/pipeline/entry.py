"""What may come to a place, and from whom: so that who gave something wrong is named.

Nobody looks at a frame that is right: audio in the format of the one before, and of
other frames those of a kind that was seen. Whatever else comes is looked at once, and
what is wrong with it is the fault of whoever gave it, not of who got it.
"""

from __future__ import annotations

from inspect import isawaitable
from typing import Any

from .audio import AudioFormat
from .audioframe import AudioFrame, Frame
from .errors import FormatError, FrameError, VoxpipeError
from .kinds import Kinds, in_words


class Entry:
    """What may come to a box, or to an input, from what is right before it.

    Args:
        came_from: the box or output right before it, for messages.
        kinds: of frames that may come; ``None`` for any.

    Attributes:
        came_from: as it was given.
        format: that all audio has which comes; ``None`` while it is not known.
    """

    __slots__ = ("_kinds", "_known", "came_from", "format")

    def __init__(self, came_from: str, kinds: Kinds = None) -> None:
        self.came_from = came_from
        self.format: AudioFormat | None = None
        self._kinds = kinds
        self._known = set[type]()  # as many as there are classes of frames

    def fault(self, given: Any) -> VoxpipeError | None:
        """What to raise in the name of whoever gave this; ``None``: it is right."""
        kind: type = given.__class__
        if kind not in self._known:
            error = kind_fault(self.came_from, given, self._kinds)
            if error is not None:
                return error
            self._known.add(kind)
        if kind is not AudioFrame or self.format in (None, given.format):
            return None
        return FormatError(
            f"{self.came_from} gives {given.format}, and says by its `leaves_as` that "
            f"{self.format} leaves it: let `leaves_as` return what `feed` gives"
        )


def kind_fault(giver: str, given: Any, kinds: Kinds) -> FrameError | None:
    """What to raise of something that cannot travel, or is not what was declared."""
    if not isinstance(given, Frame):
        what, cure = _read(given)
        return FrameError(f"{giver} gives {what}, and only frames travel: {cure}")
    if kinds is None or isinstance(given, tuple(kinds)):
        return None
    kind, declared = type(given).__name__, in_words(kinds)
    return FrameError(
        f"{giver} gives {kind}, and was declared with {declared}, so that nobody "
        f"behind it heeds it: declare {' | '.join(declared.split(' or '))} | {kind} "
        "there, or give it an output of its own"
    )


def _read(given: Any) -> tuple[str, str]:
    """What it is, in words without its content, and how it becomes a frame."""
    name = type(given).__name__
    if given is None:
        return "None", "give nothing where there is nothing"
    if hasattr(given, "dtype"):
        what = f"an array of {given.dtype}"
        return what, "AudioFrame.of(samples, rate) makes one of samples"
    if isinstance(given, bytes | bytearray | memoryview):
        return name, "AudioFrame(data=…, format=AudioFormat(…)) makes one of bytes"
    if isinstance(given, str):
        return name, "Text(text=…) makes one of words"
    if isinstance(given, type):
        return f"the class {given.__name__}", f"make one, {given.__name__}(…)"
    if isawaitable(given):
        return f"a {name}", "await it, and give what it returns"
    if isinstance(given, list | tuple) or hasattr(given, "__next__"):
        return f"a {name}", "give the frames in it one by one"
    return f"a {name}", "derive the class from Frame"

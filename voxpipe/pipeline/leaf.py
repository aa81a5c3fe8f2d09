"""The end of a branch of fused boxes: the queue of an input."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from .audio import AudioFormat, AudioRule
from .audioframe import AudioFrame, Frame
from .errors import FormatError
from .fit import check_entry
from .output import Delivery
from .queue import Queue

Push = Callable[[Any], None]
Watch = Callable[[str, Frame, float], None]
"""Told of a box, a frame that it was given, and the seconds that it and the synchronous
boxes behind it have worked."""


class Leaf:
    """An input at the end of a branch.

    Args:
        label: the input, for messages.
        queue: in front of it.
        rule: what audio may enter.
        came_from: the box or output right before it, for messages.
        out: takes what is to be queued.
    """

    __slots__ = ("_came_from", "_label", "_out", "_rule", "_seen", "entry", "queue")

    def __init__(
        self,
        label: str,
        queue: Queue,
        rule: AudioFormat | AudioRule | None,
        came_from: str,
        out: list[Delivery],
    ) -> None:
        self._label = label
        self._rule = rule
        self._came_from = came_from
        self._out = out
        self._seen: AudioFormat | None = None
        self.queue = queue
        self.entry: Push = self.push
        queue.add_writer()

    def push(self, frame: Any) -> None:
        """Have ``frame`` queued."""
        if type(frame) is AudioFrame and frame.format is not self._seen:
            self._check(frame.format)
        self._out.append((self.queue, frame))

    def _check(self, format: AudioFormat) -> None:
        # A transform can make audio out of words: only here is its format seen.
        if self._seen is None:
            check_entry(format, self._came_from, self._rule, self._label)
        elif format != self._seen:
            raise FormatError(
                f"{self._came_from} gives {self._seen}, and now {format}: a format "
                "does not change during a session"
            )
        self._seen = format

    def flush(self) -> None:
        """Nothing is held back here."""

    def watch(self, watch: Watch | None) -> None:
        """Queues are counted anyway."""

    def learn(self, format: AudioFormat, came_from: str) -> None:
        """Check a format that became known late."""
        check_entry(format, came_from, self._rule, self._label)

    def leaves(self) -> Iterator[Leaf]:
        """Itself."""
        yield self

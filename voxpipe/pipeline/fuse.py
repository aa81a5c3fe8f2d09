"""The synchronous boxes behind an output, run as one function call.

A tree: its inner nodes are filters and transforms, its leaves are the queues of
inputs. One `Tree.push` runs it completely and returns what is to be queued where, so
that nothing enters a box again before it is through, and a shared box runs once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from time import perf_counter
from typing import Any

from .audio import AudioFormat, AudioRule, cure, rule_of
from .errors import FormatError, blame
from .filters import AnyBox
from .frames import Frame, ReplyEnd
from .queue import Queue
from .turn import Turn

Delivery = tuple[Queue, Frame]
Watch = Callable[[str, Frame, float], None]
"""Told of a box, a frame that it was given, and the seconds that it and the synchronous
boxes behind it have worked."""


class Leaf:
    """An input at the end of a branch."""

    __slots__ = ("entry", "label", "out", "queue", "rule")

    def __init__(
        self,
        label: str,
        queue: Queue,
        rule: AudioFormat | AudioRule | None,
        out: list[Delivery],
    ) -> None:
        self.label = label
        self.queue = queue
        self.rule = rule
        self.out = out
        self.entry = self.push
        queue.add_writer()

    def push(self, frame: Frame) -> None:
        self.out.append((self.queue, frame))

    def flush(self) -> None:
        """Nothing is held back here."""

    def watch(self, watch: Watch | None) -> None:
        """Queues are counted anyway."""

    def learn(self, format: AudioFormat, came_from: str) -> None:
        check_entry(format, came_from, self.rule, self.label)

    def leaves(self) -> Iterator[Leaf]:
        yield self


class Node:
    """A box and what is drawn behind it."""

    __slots__ = (
        "_accepts",
        "_box",
        "_children",
        "_feed",
        "_only",
        "_turn",
        "entry",
        "made",
        "name",
        "taken",
    )

    def __init__(self, name: str, box: AnyBox, children: list[Node | Leaf]) -> None:
        self.name = name
        self.taken = 0
        self.made = 0
        self._box = box
        self._feed = box.feed
        self._accepts = box.accepts
        self._children = tuple(children)
        self._turn: Turn | None = None
        box.reset()
        self.watch(None)

    def watch(self, watch: Watch | None) -> None:
        """Have ``watch`` told of each frame and of the time it took; ``None``: nobody."""
        for child in self._children:
            child.watch(watch)
        # Most boxes have one child: calling it directly saves a loop for each frame.
        self._only = self._children[0].entry if len(self._children) == 1 else None
        self.entry = self.push if watch is None else self._timed(watch)

    def _timed(self, watch: Watch) -> Callable[[Any], None]:
        def push(frame: Any) -> None:
            began = perf_counter()
            try:
                self.push(frame)
            finally:
                watch(self.name, frame, perf_counter() - began)

        return push

    def push(self, frame: Any) -> None:
        self.taken += 1
        turn = frame.turn
        if turn is not self._turn:
            if turn is not None:
                self._begin(turn)
        if not isinstance(frame, self._accepts):
            if isinstance(frame, ReplyEnd):
                self.flush_box()
            self._emit((frame,))
            return
        only = self._only
        try:
            if only is not None:
                for out in self._feed(frame):
                    self.made += 1
                    only(out)
                return
            for out in self._feed(frame):
                self.made += 1
                for child in self._children:
                    child.entry(out)
        except Exception as error:
            blame(error, self.name)
            raise

    def _begin(self, turn: Turn) -> None:
        # What a box holds back of an earlier reply must not sound in this one. The
        # first turn of all has nothing before it, so there is nothing to forget.
        if self._turn is not None:
            self._box.reset()
        self._turn = turn

    def _emit(self, frames: Iterable[Any]) -> None:
        for frame in frames:
            self.made += 1
            for child in self._children:
                child.entry(frame)

    def flush_box(self) -> None:
        """Give what the box holds back to its children, and start it afresh."""
        try:
            self._emit(self._box.flush())
            self._box.reset()
        except Exception as error:
            blame(error, self.name)
            raise

    def flush(self) -> None:
        """The stream has ended here: flush this box, then those behind it."""
        self.flush_box()
        for child in self._children:
            child.flush()

    def learn(self, format: AudioFormat, came_from: str) -> None:
        leaving = leaves_as(self._box, self.name, format, came_from)
        for child in self._children:
            child.learn(leaving, self.name)

    def leaves(self) -> Iterator[Leaf]:
        for child in self._children:
            yield from child.leaves()

    def behind(self) -> Iterator[str]:
        """The names of the boxes that this one calls."""
        return (child.name for child in self._children if isinstance(child, Node))


class Tree:
    """All that is drawn behind one output.

    Args:
        label: the output, for messages.
        children: its branches, in drawn order.
        out: the list into which the leaves put what they get.
    """

    __slots__ = ("_children", "_label", "_leaves", "_only", "_out", "_push")

    def __init__(
        self, label: str, children: list[Node | Leaf], out: list[Delivery]
    ) -> None:
        self._label = label
        self._children = children
        self._out = out
        self._leaves = [leaf for child in children for leaf in child.leaves()]
        self.watch(None)
        only = children[0] if len(children) == 1 else None
        self._only = only.queue if isinstance(only, Leaf) else None

    def watch(self, watch: Watch | None) -> None:
        """Have ``watch`` told what passes through the boxes; ``None``: nobody."""
        for child in self._children:
            child.watch(watch)
        self._push = tuple(child.entry for child in self._children)

    @property
    def abandoned(self) -> bool:
        """Somebody did read here, and all have finished."""
        for leaf in self._leaves:
            if not leaf.queue.finished:
                return False
        return bool(self._leaves)

    def push(self, frame: Frame) -> list[Delivery]:
        """Run the tree on one frame."""
        if self._only is not None:
            return [(self._only, frame)]
        for push in self._push:
            push(frame)
        return self._taken()

    def flush(self) -> list[Delivery]:
        """Collect the tails, at the end of the stream."""
        for child in self._children:
            child.flush()
        return self._taken()

    def _taken(self) -> list[Delivery]:
        out = self._out.copy()
        self._out.clear()
        return out

    def learn(self, format: AudioFormat) -> None:
        """Check the formats all the way down, now that the first is known.

        Raises:
            FormatError: with the cure, naming the two places that do not fit.
        """
        for child in self._children:
            child.learn(format, self._label)

    def close(self) -> None:
        """This writer has ended: tell the queues."""
        for leaf in self._leaves:
            leaf.queue.remove_writer()


def leaves_as(
    box: AnyBox, name: str, format: AudioFormat, came_from: str
) -> AudioFormat:
    """Ask a box what it makes of a format; a refusal names both places.

    Raises:
        FormatError: the box cannot take it.
    """
    try:
        return box.leaves_as(format)
    except FormatError as error:
        raise FormatError(f"{came_from} is {format}, {name}: {error}") from None


def check_entry(
    format: AudioFormat,
    came_from: str,
    rule: AudioFormat | AudioRule | None,
    label: str,
) -> None:
    """Whether audio may enter an input.

    Raises:
        FormatError: it may not; says which boxes to put where.
    """
    if rule is not None and not rule_of(rule).allows(format):
        raise FormatError(
            f"{came_from} is {format}, {label} takes {rule}: put {cure(format, rule)} "
            f"between {came_from} and {label}"
        )

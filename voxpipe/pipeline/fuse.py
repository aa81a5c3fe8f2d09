"""The synchronous boxes behind an output, run as one function call.

A tree: its inner nodes are filters and transforms, its leaves are the queues of
inputs. One `Tree.push` runs it completely and returns what is to be queued where, so
that nothing enters a box again before it is through, and a shared box runs once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .audio import AudioFormat
from .leaf import Leaf, Push, Watch
from .node import Node
from .output import Delivery


class Tree:
    """All that is drawn behind one output.

    Args:
        label: the output, for messages.
        children: its branches, in drawn order.
        out: the list into which the leaves put what they get.

    Attributes:
        direct: the only reader, when nothing stands in between.
    """

    __slots__ = ("_children", "_entries", "_label", "_leaves", "_out", "direct")

    def __init__(
        self, label: str, children: list[Node | Leaf], out: list[Delivery]
    ) -> None:
        self._label = label
        self._children = children
        self._out = out
        self._leaves = [leaf for child in children for leaf in child.leaves()]
        self._entries: tuple[Push, ...] = ()
        only = children[0] if len(children) == 1 else None
        self.direct = only.queue if isinstance(only, Leaf) else None
        self.watch(None)

    def watch(self, watch: Watch | None) -> None:
        """Have ``watch`` told what passes through the boxes; ``None``: nobody."""
        for child in self._children:
            child.watch(watch)
        self._entries = tuple(child.entry for child in self._children)

    @property
    def abandoned(self) -> bool:
        """Somebody did read here, and all have finished."""
        for leaf in self._leaves:
            if not leaf.queue.finished:
                return False
        return bool(self._leaves)

    def push(self, frame: Any) -> Sequence[Delivery]:
        """Run the tree on one frame."""
        try:
            for entry in self._entries:
                entry(frame)
        except BaseException:
            self._out.clear()  # the sender may catch it, and send on
            raise
        return self._taken()

    def flush(self) -> Sequence[Delivery]:
        """Collect the tails, at the end of the stream."""
        for child in self._children:
            child.flush()
        return self._taken()

    def _taken(self) -> Sequence[Delivery]:
        if not self._out:
            return ()
        taken = self._out.copy()
        self._out.clear()
        return taken

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

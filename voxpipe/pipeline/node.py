"""A fused box in its place: counted, reset between turns, flushed at the ends.

Nodes call each other (`Node.push`). Boxes that follow each other one by one and answer
by tuples are also run in a loop (`Node._straight`): the common frame, which each box
answers by exactly one of its kind and turn, costs little more than the boxes then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from inspect import isgeneratorfunction
from time import perf_counter
from typing import Any

from .audio import AudioFormat
from .errors import blame
from .filters import AnyBox
from .fit import leaves_as
from .frames import ReplyEnd
from .leaf import Leaf, Push, Watch
from .turn import Turn

_NOTHING: Any = object()  # no box has made anything that goes another way


class _Run:
    """Boxes that follow each other one by one.

    Attributes:
        passes: frames that went straight through all of them.
        turn: that all of them are set to; at first none.
        kind: of frames, that all of them take.
    """

    __slots__ = ("kind", "nodes", "passes", "turn")

    def __init__(self, nodes: tuple[Node, ...]) -> None:
        self.nodes = nodes
        self.passes = 0
        self.turn: object = self
        self.kind: type | None = None


class Node:
    """A box and what is drawn behind it.

    Attributes:
        entry: what the box or output before it calls.
    """

    __slots__ = (
        "_accepts",
        "_box",
        "_children",
        "_feed",
        "_kind",
        "_made",
        "_next",
        "_runs",
        "_taken",
        "_turn",
        "_yields",
        "entry",
        "name",
    )

    def __init__(self, name: str, box: AnyBox, children: list[Node | Leaf]) -> None:
        self.name = name
        self._taken = 0
        self._made = 0
        self._runs: list[_Run] = []
        self._box = box
        self._feed: Callable[[Any], Any] = box.feed
        self._accepts = box.accepts
        self._kind: type | None = None  # the last one that was found to be accepted
        self._children = tuple(children)
        self._next: Push = self._fork
        self._turn: Turn | None = None
        self._yields = isgeneratorfunction(box.feed)
        self.entry: Push = self.push
        self._reset()
        self.watch(None)

    @property
    def taken(self) -> int:
        """Frames that it was given."""
        return self._taken + sum(run.passes for run in self._runs)

    @property
    def made(self) -> int:
        """Frames that left it."""
        return self._made + sum(run.passes for run in self._runs)

    def watch(self, watch: Watch | None) -> None:
        """Have ``watch`` told of each frame and its time; ``None``: nobody."""
        for child in self._children:
            child.watch(watch)
        self._taken, self._made = self.taken, self.made
        self._runs.clear()
        # Most boxes have one child: calling it directly saves a loop for each frame.
        only = len(self._children) == 1
        self._next = self._children[0].entry if only else self._fork
        if watch is not None:
            self.entry = self._timed(watch)
        else:
            self.entry = self.push if self._yields else self._straight()

    def _straight(self) -> Push:
        """`push` for this box and those behind it that have no other way to go."""
        nodes: list[Node] = [self]
        while len(nodes[-1]._children) == 1:
            child = nodes[-1]._children[0]
            if not isinstance(child, Node) or child._yields:
                break
            nodes.append(child)
        run = _Run(tuple(nodes))
        for each in nodes:
            each._runs.append(run)
        boxes, last = run.nodes, nodes[-1]._next

        def push(frame: Any) -> None:
            turn, kind = frame.turn, frame.__class__
            if turn is not run.turn or kind is not run.kind:
                self._settle(run, frame)
                return
            node, made = self, _NOTHING
            try:
                for node in boxes:
                    made = node._feed(frame)
                    if made.__class__ is not tuple or len(made) != 1:
                        break
                    new = made[0]
                    if new is not frame:
                        if new.turn is not turn or new.__class__ is not kind:
                            break
                        frame = new
                else:
                    made = _NOTHING
            except Exception as error:
                blame(error, node.name)
                raise
            if made is _NOTHING:
                run.passes += 1
                last(frame)
            else:
                node._leave(run, made)

        return push

    def _settle(self, run: _Run, frame: Any) -> None:
        """Go node by node; from the next frame on, straight if all were set by this."""
        run.turn, run.kind = run, None
        self.push(frame)
        turn, kind = frame.turn, frame.__class__
        if all(node._turn is turn and node._kind is kind for node in run.nodes):
            run.turn, run.kind = turn, kind

    def _leave(self, run: _Run, made: Any) -> None:
        """The straight way ends at this node, which made this: go on node by node."""
        for node in run.nodes[: run.nodes.index(self)]:
            node._taken += 1
            node._made += 1
        self._taken += 1
        try:
            for each in made:
                self._emit(each)
        except Exception as error:
            blame(error, self.name)
            raise

    def _timed(self, watch: Watch) -> Push:
        def push(frame: Any) -> None:
            began = perf_counter()
            try:
                self.push(frame)
            finally:
                watch(self.name, frame, perf_counter() - began)

        return push

    def push(self, frame: Any) -> None:
        """Run ``frame`` through the box, and what it makes of it through the rest."""
        self._taken += 1
        turn = frame.turn
        if turn is not self._turn:
            self._change_to(turn)
        if frame.__class__ is not self._kind and not self._takes(frame):
            self._push_aside(frame)
            return
        try:
            for made in self._feed(frame):
                self._made += 1
                self._next(made)
        except Exception as error:
            blame(error, self.name)
            raise

    def _takes(self, frame: Any) -> bool:
        """Whether the box is to be fed with this kind of frame."""
        kind = frame.__class__
        if kind is ReplyEnd or not isinstance(frame, self._accepts):
            return False
        self._kind = kind
        return True

    def _push_aside(self, frame: Any) -> None:
        """What passes by the box; the end of a reply first flushes it."""
        if frame.__class__ is not ReplyEnd:
            self._emit(frame)
            return
        self._flush_box()
        if isinstance(frame, self._accepts):
            try:
                for made in self._feed(frame):
                    self._emit(made)
            except Exception as error:
                blame(error, self.name)
                raise
        else:
            self._emit(frame)
        self._reset()

    def _emit(self, frame: Any) -> None:
        self._made += 1
        self._next(frame)

    def _fork(self, frame: Any) -> None:
        for child in self._children:
            child.entry(frame)

    def _change_to(self, turn: Turn | None) -> None:
        # What a box holds back of one reply must not sound in the next. Frames of no
        # turn may come in between (marks, words): they change nothing, but after a cut.
        if turn is not None or (self._turn is not None and self._turn.is_cut):
            self._turn = turn
            self._reset()

    def _reset(self) -> None:
        try:
            self._box.reset()
        except Exception as error:
            blame(error, self.name)
            raise

    def _flush_box(self) -> None:
        try:
            for made in self._box.flush():
                self._emit(made)
        except Exception as error:
            blame(error, self.name)
            raise

    def flush(self) -> None:
        """The stream has ended here: flush this box, then those behind it."""
        if self._turn is None or not self._turn.is_cut:
            self._flush_box()
        for child in self._children:
            child.flush()

    def learn(self, format: AudioFormat, came_from: str) -> None:
        """Check a format that became known late, from here on."""
        leaving = leaves_as(self._box, self.name, format, came_from)
        for child in self._children:
            child.learn(leaving, self.name)

    def leaves(self) -> Iterator[Leaf]:
        """The inputs behind this box."""
        for child in self._children:
            yield from child.leaves()

    def behind(self) -> Iterator[str]:
        """The names of the boxes that this one calls."""
        return (child.name for child in self._children if isinstance(child, Node))

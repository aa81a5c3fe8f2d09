"""The synchronous boxes behind an output, run as one function call.

A tree: its nodes are filters and transforms, its leaves are the queues of inputs. One
`Tree.push` runs it completely and returns what is to be queued where, so that nothing
enters a box again before it is through, and a shared box runs once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from time import perf_counter
from typing import Any

from .audio import AudioFormat, AudioRule, check_entry
from .audioframe import AudioFrame, Frame
from .entry import Entry
from .errors import FormatError
from .filters import AnyBox
from .frames import ReplyEnd
from .guilt import own
from .queue import Delivery, Queue
from .turn import Turn

Push = Callable[[Any], None]
Watch = Callable[[str, Frame, float], None]
"""Told of a box, a frame that it was given, and the seconds that it and the synchronous
boxes behind it have worked."""


class Leaf:
    """An input at the end of a branch.

    Args:
        queue: in front of it.
        rule: what audio may enter.
        expected: what may come, and from where.
        out: takes what is to be queued.

    Attributes:
        entry: what the box or output before it calls.
        taken: frames that it was given.
    """

    __slots__ = (
        "_expected",
        "_out",
        "_rule",
        "_seen",
        "entry",
        "queue",
        "taken",
    )

    def __init__(
        self,
        queue: Queue,
        rule: AudioFormat | AudioRule | None,
        expected: Entry,
        out: list[Delivery],
    ) -> None:
        self._rule = rule
        self._expected = expected
        self._out = out
        self._seen: AudioFormat | None = None
        self.taken = 0
        self.queue = queue
        self.entry: Push = self.push

    def push(self, frame: Any) -> None:
        """Have ``frame`` queued."""
        self.taken += 1
        if type(frame) is not AudioFrame or frame.format is not self._seen:
            self._check(frame)
        self._out.append((self.queue, frame))

    def expect(self, format: AudioFormat | None) -> None:
        """Be told in which format audio is to come, if that is known."""
        self._expected.format = format

    def _check(self, frame: Any) -> None:
        fault = self._expected.fault(frame)
        if fault is not None:
            raise fault
        if type(frame) is not AudioFrame:
            return
        # A transform can make audio out of words: only here is its format seen.
        format, came_from = frame.format, self._expected.came_from
        if self._seen is None:
            check_entry(format, came_from, self._rule, self.queue.name)
        elif format != self._seen:
            raise FormatError(
                f"{came_from} gives {self._seen}, and now {format}: a format "
                "does not change during a session"
            )
        self._seen = format


class Node:
    """A box and what is drawn behind it: counted, reset between turns, flushed at ends.

    Attributes:
        boxes: those right behind it.
        entry: what the box or output before it calls.
        taken: frames that it was given.
    """

    __slots__ = (
        "_accepts",
        "_box",
        "_children",
        "_expected",
        "_feed",
        "_kind",
        "_next",
        "_turn",
        "_unread",
        "boxes",
        "entry",
        "name",
        "taken",
    )

    def __init__(
        self,
        name: str,
        box: AnyBox,
        children: list[Node | Leaf],
        expected: Entry,
    ) -> None:
        self.name = name
        self._expected = expected
        self.taken = 0
        self._unread = 0  # left this box while nothing was drawn behind it
        self._box = box
        self._feed: Callable[[Any], Any] = box.feed
        self._accepts = box.accepts
        self._kind: type | None = None  # the last one that was found to be accepted
        self._children = tuple(children)
        self.boxes = [each for each in children if isinstance(each, Node)]
        self._turn: Turn | None = None
        self.watch(None)
        try:
            box.reset()
        except BaseException as error:
            own(error, self._box, self.name)
            raise

    @property
    def works_as(self) -> str:
        """What is told to stand still when it blocks the event loop."""
        return self.name

    @property
    def made(self) -> int:
        """Frames that left it: those that what is first behind it was given."""
        return self._children[0].taken if self._children else self._unread

    def expect(self, format: AudioFormat | None) -> None:
        """Be told in which format audio is to come, and tell those behind it."""
        self._expected.format = format
        if format is not None:
            # What makes audio of words alone says nothing of the format that it makes.
            is_fed = issubclass(AudioFrame, self._accepts)
            format = self._box.leaves_as(format) if is_fed else None
        for child in self._children:
            child.expect(format)

    def watch(self, watch: Watch | None) -> None:
        """Have ``watch`` told of each frame and its time; ``None``: nobody."""
        for box in self.boxes:
            box.watch(watch)
        # Most boxes have one child: calling it directly saves a loop for each frame.
        only = len(self._children) == 1
        self._next: Push = self._children[0].entry if only else self._fork
        self.entry: Push = self.push if watch is None else self._timed(watch)

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
        self.taken += 1
        try:
            turn = frame.turn
            if turn is not self._turn:
                self._change_to(turn)
            if frame.__class__ is not self._kind and not self._takes(frame):
                self._pass_by(frame)
                return
            for made in self._feed(frame):
                self._next(made)
        except BaseException as error:
            fault = self._expected.fault(frame)
            if fault is not None:  # not this box's: who gave the frame blames itself
                raise fault from (None if type(error) is type(fault) else error)
            own(error, self._box, self.name)
            raise

    def _takes(self, frame: Any) -> bool:
        """Whether the box is to be fed with this kind of frame."""
        fault = self._expected.fault(frame)
        if fault is not None:
            raise fault
        kind = frame.__class__
        if kind is ReplyEnd or not isinstance(frame, self._accepts):
            return False
        self._kind = kind
        return True

    def _pass_by(self, frame: Any) -> None:
        """What the box is not fed with; the end of a reply first flushes it."""
        if frame.__class__ is not ReplyEnd:
            self._emit((frame,))
            return
        self._give_tails()
        self._emit(self._feed(frame) if isinstance(frame, self._accepts) else (frame,))
        self._box.reset()

    def _give_tails(self) -> None:
        for made in self._box.flush():
            self._next(made)

    def _emit(self, frames: Any) -> None:
        for made in frames:
            self._next(made)

    def _fork(self, frame: Any) -> None:
        if not self._children:
            self._unread += 1
        for child in self._children:
            child.entry(frame)

    def _change_to(self, turn: Turn | None) -> None:
        # What a box holds back of one reply must not sound in the next. Frames of no
        # turn may come in between (marks, words): they change nothing, but after a cut.
        if turn is not None or (self._turn is not None and self._turn.is_cut):
            self._turn = turn
            self._box.reset()

    def flush(self) -> None:
        """The stream has ended here: flush this box, then those behind it."""
        if self._turn is None or not self._turn.is_cut:
            try:
                self._give_tails()
            except BaseException as error:
                own(error, self._box, self.name)
                raise
        for box in self.boxes:
            box.flush()


class Tree:
    """All that is drawn behind one output.

    Args:
        children: its branches, in drawn order.
        queues: of all inputs behind it.
        out: the list into which the leaves put what they get.
        misfits: tells, of a format that was not declared, where it cannot enter.

    Attributes:
        direct: the only reader, when nothing stands in between.
        misfits: as it was given.
    """

    __slots__ = ("_children", "_entries", "_out", "_queues", "direct", "misfits")

    def __init__(
        self,
        children: list[Node | Leaf],
        queues: Sequence[Queue],
        out: list[Delivery],
        misfits: Callable[[AudioFormat], Iterable[str]],
    ) -> None:
        self._children = children
        self._queues = queues
        self._out = out
        self.misfits = misfits
        only = children[0] if len(children) == 1 else None
        self.direct = only.queue if isinstance(only, Leaf) else None
        self.watch(None)
        for queue in queues:
            queue.add_writer()

    def watch(self, watch: Watch | None) -> None:
        """Have ``watch`` told what passes through the boxes; ``None``: nobody."""
        for child in self._children:
            if isinstance(child, Node):
                child.watch(watch)
        self._entries = tuple(child.entry for child in self._children)

    def expect(self, format: AudioFormat) -> None:
        """Be told in which format the audio is that will be pushed."""
        for child in self._children:
            child.expect(format)

    @property
    def abandoned(self) -> bool:
        """Somebody did read here, and all have finished."""
        for queue in self._queues:
            if not queue.finished:
                return False
        return bool(self._queues)

    def push(self, frame: Any) -> Sequence[Delivery]:
        """Run the tree on one frame; says what is to be queued where."""
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
            if isinstance(child, Node):
                child.flush()
        return self._taken()

    def _taken(self) -> Sequence[Delivery]:
        if not self._out:
            return ()
        taken = self._out.copy()
        self._out.clear()
        return taken

    def close(self) -> None:
        """This writer has ended: tell the queues."""
        for queue in self._queues:
            queue.remove_writer()

"""Where frames enter a processor, and what all ports share.

Ports are declared at the top of a class and copied for each instance.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import copy
from typing import TYPE_CHECKING, Any, Generic, NoReturn, Self, TypeVar, cast

import anyio

from .audio import AudioFormat, AudioRule
from .errors import VoxpipeError, WiringError
from .filters import AnyBox
from .queue import CHECKPOINT_EVERY, EMPTY, ENDED, OnFull, Queue
from .runtime.words import one_of

T = TypeVar("T")
T_contra = TypeVar("T_contra", contravariant=True)

DEFAULT_CAPACITY = 64  # frames; marks and small frames, see capacity_ms for audio
DEFAULT_CAPACITY_MS = 200.0  # absorbs a scheduling hiccup, and no more
_MAX_CAPACITY_MS = 3.6e6  # milliseconds: an hour; more is no bound


class Port:
    """What inputs and outputs share: whose they are, and what they are called.

    Attributes:
        name: the attribute that it was declared as.
        owner: the processor; `Any`, so that ports know nothing of processors.
    """

    # `__orig_class__` is what it was declared with, as in ``Output[Text]()``: Python
    # puts it there.
    __slots__ = ("__orig_class__", "declared_by", "name", "owner")

    def __init__(self) -> None:
        self.name: str = ""
        self.owner: Any = None
        self.declared_by = ""  # a class

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name
        self.declared_by = owner.__name__

    def of(self, owner: object) -> Self:
        """A copy of a declared port for one processor."""
        port = copy(self)
        port.owner = owner
        return port

    def __repr__(self) -> str:
        format = getattr(self, "format", None)
        return f"<{type(self).__name__} {self}{f': {format}' if format else ''}>"

    def __str__(self) -> str:
        if self.owner is None:  # of a class, or made by itself
            return f"{self.declared_by or '?'}.{self.name or '?'}"
        owner = getattr(self.owner, "name", "") or type(self.owner).__name__.lower()
        return f"{owner}.{self.name}"


class Input(Port, Generic[T_contra]):
    """Where frames enter a processor: the only place with a queue.

    Args:
        capacity: how many frames may be queued.
        capacity_ms: how much audio may be queued; one frame always fits.
        on_full: ``wait`` holds the writers back; ``drop_oldest`` drops the oldest audio
            and counts it. Other frames are never dropped.
        optional: it may stay unfed.
        feedback: it closes a loop: its writers never wait, and ``capacity`` must be
            able to hold all that can be outstanding.
        format: what audio may enter; ``None`` for any.
        takes: the kinds of frames of which it makes use; by default all that it was
            declared with. A route that can bring none of them is refused.

    Attributes:
        fed: something is drawn into it; set by the pipeline before `Processor.check`.
        through: the fused boxes that lead into it; likewise.
        or_else: for audio that may not enter, what helps besides boxes in front of it,
            by the format that it is in.

    Raises:
        WiringError: a capacity that is not a positive, finite number, or another word
            for ``on_full``.
    """

    __slots__ = (
        "_queue",
        "capacity",
        "capacity_ms",
        "fed",
        "feedback",
        "format",
        "on_full",
        "optional",
        "or_else",
        "takes",
        "through",
    )

    def __init__(
        self,
        *,
        capacity: int = DEFAULT_CAPACITY,
        capacity_ms: float = DEFAULT_CAPACITY_MS,
        on_full: OnFull = "wait",
        optional: bool = False,
        feedback: bool = False,
        format: AudioFormat | AudioRule | None = None,
        takes: tuple[type, ...] = (),
    ) -> None:
        super().__init__()
        if (
            type(capacity) is not int
            or capacity < 1
            or not 0 < capacity_ms <= _MAX_CAPACITY_MS
        ):
            raise WiringError(
                "an input holds a whole number of frames from 1 and a number of "
                f"milliseconds up to an hour, not {capacity!r} and {capacity_ms!r}; "
                "there is no unbounded queue"
            )
        self.capacity = capacity
        self.capacity_ms = capacity_ms
        one_of(OnFull, on_full, "on_full")
        self.on_full: OnFull = on_full
        self.optional = optional
        self.feedback = feedback
        self.format = format
        self.takes = takes
        self.fed = False
        self.through: tuple[AnyBox, ...] = ()
        self.or_else: Mapping[AudioFormat, str] = {}
        self._queue: Queue | None = None

    if not TYPE_CHECKING:  # a checker refuses it by itself

        def __rshift__(self, _other: object) -> NoReturn:
            raise WiringError(
                f"a route ends in an input, and {self} is one: draw on from the output "
                "of the same box"
            )

    def new_queue(self, name: str) -> Queue:
        """An empty queue for one run; called by the pipeline."""
        self._queue = Queue(
            name,
            self.capacity,
            self.capacity_ms,
            on_full=self.on_full,
            feedback=self.feedback,
        )
        return self._queue

    @property
    def queue(self) -> Queue:
        """The queue of the present run.

        Raises:
            VoxpipeError: no pipeline has been started with this input.
        """
        if self._queue is None:
            raise VoxpipeError(f"{self} is not in a pipeline that runs")
        return self._queue

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self: Input[T]) -> T:
        # `Queue.take` in place: this runs for every frame and hop.
        queue = self._queue or self.queue
        steps = queue.steps = queue.steps + 1
        if steps < CHECKPOINT_EVERY:
            taken = queue.take_nowait()
            if taken is EMPTY:
                taken = await queue.take_later()
        else:
            taken = await queue.take()
        if taken is ENDED:
            raise StopAsyncIteration
        frame: T = taken
        return frame

    async def receive(self: Input[T]) -> T:
        """The next frame; nothing is lost when the call is cancelled.

        Raises:
            EndOfStream: all that feeds this input has ended.
        """
        frame = await self.queue.take()
        if frame is ENDED:
            raise anyio.EndOfStream
        return cast(T, frame)

    def receive_nowait(self: Input[T]) -> T | None:
        """The next frame if one is there, else ``None``.

        Raises:
            EndOfStream: all that feeds this input has ended.
        """
        frame = self.queue.take_nowait()
        if frame is ENDED:
            raise anyio.EndOfStream
        return None if frame is EMPTY else cast(T, frame)

    async def wait(self) -> None:
        """Wait until `receive_nowait` may have news; safe to cancel."""
        await self.queue.wait()

    def announce(self, wakeup: anyio.Event) -> None:
        """Have ``wakeup`` set when `receive_nowait` may have news: to wait for two."""
        self.queue.announce(wakeup)

    def take_at_once(self: Input[T], function: Callable[[T], bool]) -> None:
        """Read frames in the step of their writer, where that needs no waiting.

        For a reader that is called fifty times a second to do next to nothing: to wake
        its task would cost more. It must still wait for the other frames.

        Args:
            function: called with each frame that comes while nothing is queued; says
                whether it has dealt with it, else it is queued. Must not send. What it
                raises is raised where the reader waits.
        """
        self.queue.take_at_once(function)

    def finish(self) -> None:
        """Take no more: what still comes is counted and discarded."""
        self.queue.finish()


class PlayoutInput(Input[T_contra]):
    """The input at which a reply is played to a person.

    One voice at a time: a pipeline refuses two writers into one sink, and one reply
    into two.
    """

    __slots__ = ()

"""Where frames enter and leave a processor, and the routes drawn between.

Ports are declared at the top of a class and copied for each instance. ``>>`` only
draws: a route is a value, and nothing happens until a `Pipeline` runs it.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from dataclasses import dataclass
from typing import (
    Any,
    Generic,
    Protocol,
    Self,
    TypeVar,
    cast,
    overload,
)

from anyio import EndOfStream
from anyio.lowlevel import checkpoint

from .audio import AudioFormat, AudioRule
from .errors import FormatError, VoxpipeError, WiringError
from .filters import AnyBox, Filter, Transform
from .frames import AudioFrame, Frame
from .queue import CHECKPOINT_EVERY, EMPTY, ENDED, OnFull, Queue

T = TypeVar("T")
U = TypeVar("U")
T_co = TypeVar("T_co", covariant=True)
T_contra = TypeVar("T_contra", contravariant=True)

DEFAULT_CAPACITY = 64  # frames; marks and small frames, see capacity_ms for audio
DEFAULT_CAPACITY_MS = 200.0  # absorbs a scheduling hiccup, and no more


class Port:
    """What inputs and outputs share: whose they are, and what they are called."""

    name: str = ""
    owner: Any = None  # the processor; `Any`, so that ports know nothing of processors

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def of(self, owner: object) -> Self:
        """A copy of a declared port for one processor."""
        port = copy(self)
        port.owner = owner
        return port

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self}>"

    def __str__(self) -> str:
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

    Raises:
        WiringError: a capacity that is not a positive, finite number.
    """

    def __init__(
        self,
        *,
        capacity: int = DEFAULT_CAPACITY,
        capacity_ms: float = DEFAULT_CAPACITY_MS,
        on_full: OnFull = "wait",
        optional: bool = False,
        feedback: bool = False,
        format: AudioFormat | AudioRule | None = None,
    ) -> None:
        if type(capacity) is not int or capacity < 1 or not 0 < capacity_ms < 3.6e6:
            raise WiringError(
                "an input holds a whole number of frames from 1 and a number of "
                f"milliseconds up to an hour, not {capacity!r} and {capacity_ms!r}; "
                "there is no unbounded queue"
            )
        self.capacity = capacity
        self.capacity_ms = capacity_ms
        self.on_full: OnFull = on_full
        self.optional = optional
        self.feedback = feedback
        self.format = format
        self.fed = False  # set by the pipeline that it is drawn in
        self.through: tuple[AnyBox, ...] = ()  # the fused boxes that lead here; likewise
        self._queue: Queue | None = None

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
        frame = await self.queue.take()
        if frame is ENDED:
            raise StopAsyncIteration
        return cast(T, frame)

    async def receive(self: Input[T]) -> T:
        """The next frame; nothing is lost when the call is cancelled.

        Raises:
            EndOfStream: all that feeds this input has ended.
        """
        frame = await self.queue.take()
        if frame is ENDED:
            raise EndOfStream
        return cast(T, frame)

    def receive_nowait(self: Input[T]) -> T | None:
        """The next frame if one is there, else ``None``.

        Raises:
            EndOfStream: all that feeds this input has ended.
        """
        frame = self.queue.take_nowait()
        if frame is ENDED:
            raise EndOfStream
        return None if frame is EMPTY else cast(T, frame)

    async def wait(self) -> None:
        """Wait until `receive_nowait` may have news; safe to cancel."""
        await self.queue.wait()

    def finish(self) -> None:
        """Take no more: what still comes is counted and discarded."""
        self.queue.finish()


class Ear(Input[T_contra]):
    """The input at which a reply is played to a person.

    One voice at a time: a pipeline refuses two writers into one ear, and one reply
    into two ears.
    """


class Stage(Protocol[T_contra, T_co]):
    """A processor that may stand in the middle of a route: one way in, one way out."""

    @property
    def input(self) -> Input[T_contra]:
        """Where the route enters."""
        ...

    @property
    def output(self) -> Output[T_co]:
        """Where it goes on."""
        ...


class Drawable(Generic[T_co]):
    """Whatever a route can be drawn on from."""

    def drawn(self) -> OpenRoute[T_co]:
        """The route as drawn so far."""
        raise NotImplementedError

    @overload
    def __rshift__(self, other: Filter[Any]) -> OpenRoute[T_co]: ...
    @overload
    def __rshift__(self: Drawable[T], other: Transform[T, U]) -> OpenRoute[U]: ...
    @overload
    def __rshift__(self: Drawable[T], other: Input[T]) -> Route: ...
    @overload
    def __rshift__(self: Drawable[T], other: Stage[T, U]) -> OpenRoute[U]: ...
    def __rshift__(self, other: Any) -> Any:
        route = self.drawn()
        if isinstance(other, Input):
            return Route(route.source, route.steps, cast("Input[Any]", other))
        if isinstance(other, Filter | Transform):
            return OpenRoute(route.source, (*route.steps, other))
        if isinstance(getattr(other, "input", None), Input) and isinstance(
            getattr(other, "output", None), Output
        ):
            return OpenRoute(route.source, (*route.steps, other))
        if isinstance(other, type) and issubclass(other, Filter | Transform):
            raise WiringError(f"{other.__name__} is a class: draw {other.__name__}()")
        raise WiringError(
            f"a route goes on to a filter, a transform or an input, not to "
            f"{type(other).__name__}; of a processor with several ports name one, "
            "as in `>> model.hears`"
        )


@dataclass(frozen=True, slots=True)
class OpenRoute(Drawable[T_co]):
    """A route that does not yet lead anywhere."""

    source: Output[T_co]
    steps: tuple[Any, ...] = ()

    def drawn(self) -> OpenRoute[T_co]:
        """Itself."""
        return self

    def __str__(self) -> str:
        return " >> ".join([str(self.source), *(type(s).__name__ for s in self.steps)])


@dataclass(frozen=True, slots=True)
class Route:
    """A route from an output, through any number of boxes, into an input."""

    source: Output[Any]
    steps: tuple[Any, ...]
    sink: Input[Any]

    def __str__(self) -> str:
        steps = (type(step).__name__ for step in self.steps)
        return " >> ".join([str(self.source), *steps, str(self.sink)])


class Output(Port, Drawable[T_co]):
    """Where frames leave a processor.

    Args:
        format: of the audio that leaves; ``None`` until it is known.
    """

    def __init__(self, *, format: AudioFormat | None = None) -> None:
        self.format = format
        self.read = False  # set by the pipeline that it is drawn in
        self.sent = 0
        self.stale = 0  # frames of cut turns, not sent
        self._run: Fused | None = None
        self._since_checkpoint = 0

    def drawn(self) -> OpenRoute[T_co]:
        """The route that begins here."""
        return OpenRoute(self)

    def connect(self, run: Fused) -> None:
        """Join it to its readers for one run; called by the pipeline."""
        self._run = run
        self.sent = self.stale = self._since_checkpoint = 0

    def disconnect(self) -> None:
        """The run is over."""
        self._run = None

    async def send(self: Output[T], frame: T) -> bool:
        """Give ``frame`` to every reader, in the order in which they were drawn.

        Waits where a reader has no room. A frame of a cut turn goes nowhere.

        Returns:
            ``False`` when all readers have finished, so that going on is pointless.

        Raises:
            FormatError: audio in another format than before.
            Exception: whatever a fused box raised, with a note that names it.
        """
        self._since_checkpoint += 1
        if self._since_checkpoint >= CHECKPOINT_EVERY:
            self._since_checkpoint = 0
            await checkpoint()
        run = self._run
        deliveries = self._push(frame)
        for queue, each in deliveries:
            if not queue.put_nowait(each):
                await queue.put(each)
        return run is None or not run.abandoned

    def offer(self: Output[T], frame: T) -> None:
        """Give ``frame`` to every reader that has room, without waiting.

        For news of which the next is as good; a reader without room misses this one,
        and counts it.
        """
        for queue, each in self._push(frame):
            if not queue.put_nowait(each):
                queue.dropped += 1

    def _push(self, frame: Any) -> list[tuple[Queue, Frame]]:
        run = self._run
        if run is None:
            raise VoxpipeError(f"{self} is not in a pipeline that runs")
        turn = frame.turn
        if turn is not None and turn.is_cut:
            self.stale += 1
            return []
        self.sent += 1
        if isinstance(frame, AudioFrame) and frame.format is not self.format:
            self._check(frame.format)
        return run.push(frame)

    def _check(self, format: AudioFormat) -> None:
        if self.format is None:
            assert self._run is not None
            self._run.learn(format)
            self.format = format
        elif format != self.format:
            raise FormatError(
                f"{self} sends {self.format}, and now {format}: a format does not "
                "change during a session"
            )

    async def end(self) -> None:
        """Say that nothing more will be sent; tails of fused boxes go out first."""
        run, self._run = self._run, None
        if run is not None:
            for queue, each in run.flush():
                if not queue.put_nowait(each):
                    await queue.put(each)
            run.close()


class Fused(Protocol):
    """The boxes behind an output, made into one call (see ``fuse.py``)."""

    @property
    def abandoned(self) -> bool:
        """All readers have finished."""
        ...

    push: Callable[[Any], list[tuple[Queue, Frame]]]

    def learn(self, format: AudioFormat) -> None:
        """The first audio has this format: check what could not be checked before."""
        ...

    def flush(self) -> list[tuple[Queue, Frame]]:
        """What the boxes have held back."""
        ...

    def close(self) -> None:
        """Tell the readers that this writer has ended."""
        ...

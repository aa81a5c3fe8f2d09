"""The queue in front of an input: an anyio memory stream that is blind to cut turns.

The reader owns it. What a memory stream does not have is added around it:

* a bound in milliseconds of audio, beside the one in frames;
* room made by dropping the oldest audio, while marks stay (``drop_oldest``);
* turns: their frames are skipped, and their end wakes the writers that wait;
* reading that is safe to cancel: a frame leaves only in the step that returns it.

So readers and writers do their own waiting, and use the stream without it
(``send_nowait`` and ``receive_nowait``), which is also what keeps a hop cheap.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import anyio

from .audioframe import AudioFrame, Frame
from .errors import FeedbackOverflow
from .runtime.exits import failure_of
from .runtime.wakeup import Wakeup

OnFull = Literal["wait", "drop_oldest"]
CHECKPOINT_EVERY = 32  # frames; lets other tasks run when nothing ever has to wait
_NOTHING = 1e-9  # seconds; sums of floats do not come back to zero by themselves


class End:
    """What `Queue.take_nowait` gives when there is nothing, or nothing any more."""


EMPTY, ENDED = End(), End()


class Queue:
    """Frames on their way into one input, for the length of one run.

    Args:
        name: of the input, for messages.
        capacity: frames of any kind.
        capacity_ms: milliseconds of audio; one frame always fits, however long.
        on_full: whether writers wait, or the oldest audio makes room.
        feedback: writers never wait; more than fits is an error of the wiring.

    Attributes:
        writers: places from which frames may still come.
        finished: the reader wants no more.
        high_water: most frames that were ever queued.
        high_water_seconds: most audio that was ever queued.
        delivered: frames that were taken.
        depth: frames queued now.
        dropped: audio that made room for newer audio.
        stale: frames of cut turns.
        discarded: frames that came after the reader had finished.
        on_wait: called when a writer begins to wait for room.
        steps: reads since the reader last let others run.
    """

    __slots__ = (
        "_arrival",
        "_at_once",
        "_closed",
        "_failure",
        "_feedback",
        "_on_full",
        "_pop",
        "_push",
        "_receiver",
        "_seconds",
        "_sender",
        "_waiting",
        "_when_empty",
        "_when_full",
        "_yielding",
        "capacity",
        "capacity_seconds",
        "delivered",
        "depth",
        "discarded",
        "dropped",
        "finished",
        "high_water",
        "high_water_seconds",
        "name",
        "on_wait",
        "stale",
        "steps",
        "writers",
    )

    def __init__(
        self,
        name: str,
        capacity: int,
        capacity_ms: float,
        *,
        on_full: OnFull = "wait",
        feedback: bool = False,
    ) -> None:
        self.name = name
        self.capacity = capacity
        self.capacity_seconds = capacity_ms / 1000 + _NOTHING
        self._on_full = on_full
        self._feedback = feedback
        streams = anyio.create_memory_object_stream[Any](capacity)
        self._sender, self._receiver = streams
        self._push, self._pop = self._sender.send_nowait, self._receiver.receive_nowait
        self.depth = 0
        self._seconds = 0.0  # of audio; see `seconds`
        self._waiting: list[Wakeup] = []  # as many as tasks write here
        # Nobody may just append: some wait, none reads, or the reader comes first.
        self._closed = False
        self._at_once: Callable[[Any], object] | None = None
        self._failure: Exception | None = None  # which that has raised
        self._arrival: anyio.Event | None = None
        self._yielding = False  # a writer who is to go first lets the reader read
        self._when_full = self._when_empty = 0  # `delivered`, at the last wait
        self.on_wait: Callable[[], object] | None = None
        self.writers = 0
        self.finished = False
        self.high_water = 0
        self.high_water_seconds = 0.0
        self.delivered = 0
        self.dropped = 0
        self.stale = 0
        self.discarded = 0
        self.steps = 0

    @property
    def seconds(self) -> float:
        """Seconds of audio queued now."""
        return self._seconds if self.depth and self._seconds > _NOTHING else 0.0

    @property
    def is_waited_for(self) -> bool:
        """A writer waits for room."""
        return bool(self._waiting)

    # --- writing

    def add_writer(self) -> None:
        """One more place from which frames come."""
        self.writers += 1

    def remove_writer(self) -> None:
        """One of them has ended; with the last one the stream ends."""
        self.writers -= 1
        if not self.writers:
            self._wake_reader()

    def put_nowait(self, frame: Frame) -> bool:
        """Queue ``frame`` if that needs no waiting; else `put_later` is to be awaited.

        Raises:
            FeedbackOverflow: no room in a feedback input.
        """
        if self._closed:
            if self.finished or self._waiting or self._yielding:
                return False
            if not self.depth and self._taken_at_once(frame):
                return True
        depth = self.depth
        seconds = frame.duration
        if depth:
            seconds += self._seconds
            if depth >= self.capacity or seconds > self.capacity_seconds:
                if not self._make_room(frame):
                    return False
                depth, seconds = self.depth, self.seconds + frame.duration
        self._seconds = seconds
        self._push(frame)
        self.depth = depth + 1
        if depth >= self.high_water:
            self.high_water = depth + 1
        if seconds > self.high_water_seconds:
            self.high_water_seconds = seconds
        if self._arrival is not None:
            self._wake_reader()
        return True

    async def put_later(self, frame: Frame) -> None:
        """Queue what `put_nowait` has refused, once there is room behind those before.

        A frame whose turn is cut meanwhile is not queued, and its writer goes on.
        """
        turn = frame.turn
        if self._on_full == "drop_oldest" and type(frame) is AudioFrame:
            self.miss()  # marks fill the queue, and those stay
            return
        place = len(self._waiting)
        if self.delivered - self._when_full > 1 and not place and not self._yielding:
            # The reader is quick: let it read, without the cost of being woken by it.
            # Who comes meanwhile stands in line behind this one.
            self._when_full = self.delivered
            self._yielding = self._closed = True
            try:
                await anyio.lowlevel.checkpoint()
            finally:
                self._yielding = False
                self._close_if_needed()
                self._wake_writer()
            is_cut = turn is not None and turn.is_cut
            if not (self._closed or is_cut) and self.put_nowait(frame):
                return
        writer = Wakeup()
        self._waiting.insert(place, writer)
        self._closed = True
        key = None if turn is None else turn.watch(writer.set)
        if self.on_wait is not None:
            self.on_wait()
        try:
            while not self._is_settled(frame, writer):
                await writer.wait()
        finally:
            if turn is not None:
                turn.unwatch(key)
            self._waiting.remove(writer)
            self._close_if_needed()
            self._wake_writer()  # there may be room for two, or this one gave up

    def _wake_writer(self) -> None:
        if self._waiting:
            self._waiting[0].set()

    def _is_settled(self, frame: Frame, writer: Wakeup) -> bool:
        if frame.turn is not None and frame.turn.is_cut:
            self.stale += 1
            return True
        if self.finished:
            self.discarded += 1
            return True
        # A turn that is held wakes its writers, too: not all stand in front.
        first = self._waiting[0] is writer and not self._yielding
        if not first or not self._make_room(frame):
            return False
        self._closed = False
        return self.put_nowait(frame)

    def _close_if_needed(self) -> None:
        special = self._waiting or self._yielding or self._at_once or self._failure
        self._closed = self.finished or bool(special)

    def _taken_at_once(self, frame: Frame) -> bool:
        if self._failure is not None:
            self.discarded += 1  # the reader has failed, and is about to hear of it
            return True
        turn = frame.turn
        if self._at_once is None or (turn is not None and turn.is_cut):
            return False
        try:
            taken = self._at_once(frame)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001  # the reader's, not the writer's
            return self._fail(error)
        if taken is True:
            self.delivered += 1
            return True
        if taken is False:
            return False
        what = f"what reads {self.name} at once returned {type(taken).__name__}"
        return self._fail(TypeError(f"{what}: it is a `def` that returns a bool"))

    def _fail(self, error: BaseException) -> bool:
        """Have the reader hear of what it has raised in the step of a writer."""
        self._failure = error if isinstance(error, Exception) else failure_of(error)
        self._at_once, self._closed = None, True
        self._wake_reader()
        return True

    def miss(self) -> None:
        """Count a frame whose writer does not wait."""
        if self.finished:
            self.discarded += 1
        else:
            self.dropped += 1

    def _make_room(self, frame: Frame) -> bool:
        """Whether there is room, if need be at the cost of the oldest audio."""
        if self._has_room(frame):
            return True
        if self._feedback:
            raise FeedbackOverflow(
                f"{self.name} holds {self.depth} frames and was sent another; "
                "a feedback input must be able to hold all that can be outstanding"
            )
        if self._on_full == "drop_oldest":
            while self._drop_oldest():
                if self._has_room(frame):
                    return True
        return False

    def _has_room(self, frame: Frame) -> bool:
        if self.depth >= self.capacity:
            return False
        queued, more = self.seconds, frame.duration
        return not queued or not more or queued + more <= self.capacity_seconds

    def _drop_oldest(self) -> bool:
        # Rare, so it may be slow: a stream gives access to its head only.
        frames = [self._pop() for _ in range(self.depth)]
        audio = [at for at, each in enumerate(frames) if type(each) is AudioFrame]
        if audio:
            self._seconds -= frames.pop(audio[0]).duration
            self.depth -= 1
            self.dropped += 1
        for each in frames:
            self._push(each)
        return bool(audio)

    # --- reading

    def take_at_once(self, function: Callable[[Any], bool]) -> None:
        """Have ``function`` take frames in the step of their writer; see `Input`."""
        self._at_once = function
        self._close_if_needed()

    async def take(self) -> Any:
        """The next frame, waiting for it; `ENDED` after the last."""
        self.steps += 1
        if self.steps >= CHECKPOINT_EVERY:
            self.steps = 0
            await anyio.lowlevel.checkpoint()
        frame = self.take_nowait()
        return await self.take_later() if frame is EMPTY else frame

    def take_nowait(self) -> Any:
        """The next frame that is not of a cut turn, or `EMPTY`, or `ENDED`."""
        while self.depth:
            frame = self._pop()
            self.depth -= 1
            self._seconds -= frame.duration
            if self._waiting:
                self._waiting[0].set()
            turn = frame.turn
            if turn is None or not turn.is_cut:
                self.delivered += 1
                return frame
            self.stale += 1
        if self._failure is not None:
            raise self._failure
        return ENDED if self.finished or not self.writers else EMPTY

    async def take_later(self) -> Any:
        """The next frame, when `take_nowait` has said `EMPTY`."""
        frame = EMPTY
        while frame is EMPTY:
            if self.delivered - self._when_empty > 1:
                # The writer is quick: let it write, without being woken by it.
                self._when_empty = self.delivered
                self.steps = 0
                await anyio.lowlevel.checkpoint()
            else:
                await self.wait()
            frame = self.take_nowait()
        return frame

    async def wait(self) -> None:
        """Wait until there may be something to take; safe to cancel."""
        if self.depth or self.finished or not self.writers:
            return
        wakeup = self._arrival or anyio.Event()
        self.announce(wakeup)
        await wakeup.wait()

    def announce(self, wakeup: anyio.Event) -> None:
        """Have ``wakeup`` set when there may be something to take."""
        if self.depth or self.finished or not self.writers:
            wakeup.set()
            return
        self.steps = 0
        self._when_empty = self.delivered
        self._arrival = wakeup

    def finish(self) -> None:
        """The reader has gone: what is queued or still comes is counted, no more."""
        if self.finished:
            return
        self.finished = self._closed = True
        self._at_once = None
        self.discarded += self.depth
        self.depth = 0
        self._sender.close()
        self._receiver.close()
        for writer in self._waiting:
            writer.set()
        self._wake_reader()

    def _wake_reader(self) -> None:
        arrival, self._arrival = self._arrival, None
        if arrival is not None:
            arrival.set()


Delivery = tuple[Queue, Frame]
"""A frame, and where it is to be queued."""

"""The queue in front of an input: bounded, counted, and blind to cut turns.

The reader owns it. Not an anyio memory stream, though it is used like one, because

* it is bounded in milliseconds of audio as well as in frames;
* the oldest audio can be taken out of its middle (``drop_oldest``), marks cannot;
* a frame leaves it only in the step that returns it, so reading is safe to cancel;
* a memory stream costs more than all of this together (``benchmarks.hop``).
"""

from __future__ import annotations

from collections import deque
from typing import Any, Literal

from anyio import Event
from anyio.lowlevel import checkpoint

from .audioframe import AudioFrame, Frame
from .errors import FeedbackOverflow

OnFull = Literal["wait", "drop_oldest"]
CHECKPOINT_EVERY = 32  # frames; lets other tasks run when nothing ever has to wait


class End:
    """What `Queue.take_nowait` gives when there is nothing, or nothing any more."""


EMPTY, ENDED = End(), End()


class _Writer:
    """One that waits for room; woken when there may be some, or none is needed."""

    __slots__ = ("_event",)

    async def wait(self) -> None:
        self._event = Event()
        await self._event.wait()

    def wake(self) -> None:
        self._event.set()  # it is there: a writer in the line is a writer that waits


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
        seconds: of audio that are queued.
        high_water: most frames that were ever queued.
        high_water_seconds: most audio that was ever queued.
        delivered: frames that were taken.
        dropped: audio that made room for newer audio.
        stale: frames of cut turns.
        discarded: frames that came after the reader had finished.
        steps: reads since the reader last let others run.
    """

    __slots__ = (
        "_arrival",
        "_feedback",
        "_frames",
        "_on_full",
        "_waiting",
        "capacity",
        "capacity_seconds",
        "delivered",
        "discarded",
        "dropped",
        "finished",
        "high_water",
        "high_water_seconds",
        "name",
        "seconds",
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
        self._frames: deque[Any] = deque(maxlen=capacity)
        self._waiting: deque[_Writer] = deque()  # as many as tasks write here
        self._arrival: Event | None = None
        self._on_full = on_full
        self._feedback = feedback
        self.name = name
        self.capacity = capacity
        self.capacity_seconds = capacity_ms / 1000
        self.writers = 0
        self.finished = False
        self.seconds = 0.0
        self.high_water = 0
        self.high_water_seconds = 0.0
        self.delivered = 0
        self.dropped = 0
        self.stale = 0
        self.discarded = 0
        self.steps = 0

    @property
    def depth(self) -> int:
        """Frames queued now."""
        return len(self._frames)

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
        """Queue ``frame`` if there is room now; ``False`` if its writer must wait."""
        if self._waiting or self.finished:
            return self._put_out_of_line(frame)
        # The same as `_has_room` and `_append`, in place: this runs for every hop.
        frames = self._frames
        depth = len(frames)
        if type(frame) is AudioFrame:
            seconds = self.seconds + frame.duration
            if depth and (
                depth >= self.capacity
                or (seconds > self.capacity_seconds and self.seconds)
            ):
                return self._put_when_full(frame)
            self.seconds = seconds
            if seconds > self.high_water_seconds:
                self.high_water_seconds = seconds
        elif depth >= self.capacity:
            return self._put_when_full(frame)
        frames.append(frame)
        if depth >= self.high_water:
            self.high_water = depth + 1
        if self._arrival is not None:
            self._wake_reader()
        return True

    async def put(self, frame: Frame) -> None:
        """Queue ``frame``, waiting for room behind those who came earlier.

        A frame whose turn is cut meanwhile is not queued, and its writer goes on.
        """
        turn = frame.turn
        if turn is not None and turn.is_cut:
            self.stale += 1
            return
        if self.put_nowait(frame):
            return
        writer = _Writer()
        self._waiting.append(writer)
        key = None if turn is None else turn.watch(writer.wake)
        try:
            while True:
                await writer.wait()
                if turn is not None and turn.is_cut:
                    self.stale += 1
                    return
                if self.finished:
                    self.discarded += 1
                    return
                # A turn that is held wakes its writers too: not all stand in front.
                if self._waiting[0] is writer and self._fits(frame):
                    self._append(frame)
                    return
        finally:
            if turn is not None:
                turn.unwatch(key)
            self._waiting.remove(writer)
            self._wake_writer()  # there may be room for more, or this one gave up

    def _put_out_of_line(self, frame: Frame) -> bool:
        if self.finished:
            self.discarded += 1
            return True
        if type(frame) is AudioFrame and self._on_full == "drop_oldest":
            self.dropped += 1  # marks fill the queue, and one is waiting already
            return True
        return False

    def _put_when_full(self, frame: Frame) -> bool:
        if self._feedback:
            raise FeedbackOverflow(
                f"{self.name} holds {self.depth} frames and was sent another; "
                "a feedback input must be able to hold all that can be outstanding"
            )
        if self._fits(frame):
            self._append(frame)
            return True
        if type(frame) is AudioFrame and self._on_full == "drop_oldest":
            self.dropped += 1  # marks alone fill the queue, and those stay
            return True
        return False

    def _fits(self, frame: Frame) -> bool:
        """Whether there is room, if need be made at the cost of the oldest audio."""
        if self._on_full == "drop_oldest":
            while not self._has_room(frame) and self._drop_oldest():
                pass
        return self._has_room(frame)

    def _has_room(self, frame: Frame) -> bool:
        if len(self._frames) >= self.capacity:
            return False
        if not self.seconds or type(frame) is not AudioFrame:
            return True
        return self.seconds + frame.duration <= self.capacity_seconds

    def _drop_oldest(self) -> bool:
        for place, frame in enumerate(self._frames):
            if type(frame) is AudioFrame:
                del self._frames[place]
                self._subtract(frame)
                self.dropped += 1
                return True
        return False

    def _append(self, frame: Frame) -> None:
        self._frames.append(frame)
        self.high_water = max(self.high_water, len(self._frames))
        if type(frame) is AudioFrame:
            self.seconds += frame.duration
            self.high_water_seconds = max(self.high_water_seconds, self.seconds)
        self._wake_reader()

    def _wake_writer(self) -> None:
        if self._waiting:
            self._waiting[0].wake()

    # --- reading

    def take_nowait(self) -> Any:
        """The next frame that is not of a cut turn, or `EMPTY`, or `ENDED`."""
        frames = self._frames
        while frames:
            frame = frames.popleft()
            if type(frame) is AudioFrame:
                self._subtract(frame)
            if self._waiting:
                self._waiting[0].wake()
            turn = frame.turn
            if turn is not None and turn.is_cut:
                self.stale += 1
                continue
            self.delivered += 1
            return frame
        return ENDED if self.finished or not self.writers else EMPTY

    async def take(self) -> Any:
        """The next frame, waiting for it; `ENDED` after the last."""
        self.steps += 1
        if self.steps >= CHECKPOINT_EVERY:
            self.steps = 0
            await checkpoint()
        while True:
            frame = self.take_nowait()
            if frame is not EMPTY:
                return frame
            await self.wait()

    async def wait(self) -> None:
        """Wait until there may be something to take; safe to cancel."""
        if self._frames or self.finished or not self.writers:
            return
        self.steps = 0
        if self._arrival is None:
            self._arrival = Event()
        await self._arrival.wait()

    def finish(self) -> None:
        """The reader has gone: what is queued or still comes is counted, no more."""
        if self.finished:
            return
        self.finished = True
        self.discarded += len(self._frames)
        self._frames.clear()
        self.seconds = 0.0
        for writer in self._waiting:
            writer.wake()
        self._wake_reader()

    def _subtract(self, frame: AudioFrame) -> None:
        # Without audio there are no seconds, however the sums were rounded.
        rest = self.seconds - frame.duration
        self.seconds = rest if rest > _NOTHING else 0.0

    def _wake_reader(self) -> None:
        arrival, self._arrival = self._arrival, None
        if arrival is not None:
            arrival.set()


_NOTHING = 1e-9  # seconds; a hundredth of the shortest sample

"""The queue in front of an input: bounded, counted, and blind to cut turns.

The reader owns it. It is an anyio memory stream with three things added: a bound in
milliseconds of audio, fairness among several writers, and turns. Reading is safe to
cancel: a frame leaves the queue only in the step that returns it.
"""

from __future__ import annotations

from collections import deque
from typing import Any, Literal

from anyio import CancelScope, Event, create_memory_object_stream
from anyio.lowlevel import checkpoint

from .errors import FeedbackOverflow
from .frames import AudioFrame, Frame

OnFull = Literal["wait", "drop_oldest"]
CHECKPOINT_EVERY = 32  # frames; lets other tasks run when nothing ever has to wait


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
    """

    __slots__ = (
        "_arrival",
        "_on_full",
        "_receive",
        "_send",
        "_since_checkpoint",
        "_waiting",
        "capacity",
        "capacity_seconds",
        "delivered",
        "depth",
        "discarded",
        "dropped",
        "feedback",
        "finished",
        "high_water",
        "high_water_seconds",
        "name",
        "seconds",
        "stale",
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
        self._send, self._receive = create_memory_object_stream[Any](capacity)
        self._on_full = on_full
        self._waiting: deque[Event] = deque()  # one for each blocked writer
        self._arrival: Event | None = None
        self._since_checkpoint = 0
        self.name = name
        self.capacity = capacity
        self.capacity_seconds = capacity_ms / 1000
        self.feedback = feedback
        self.writers = 0
        self.finished = False  # the reader wants no more
        self.depth = 0
        self.seconds = 0.0  # of audio, queued
        self.high_water = 0
        self.high_water_seconds = 0.0
        self.delivered = 0
        self.dropped = 0  # audio that made room for newer audio
        self.stale = 0  # frames of cut turns
        self.discarded = 0  # came after the reader had finished

    # --- writing

    def put_nowait(self, frame: Frame) -> bool:
        """Queue ``frame`` if there is room now; ``False`` if its writer must wait."""
        if self.finished:
            self.discarded += 1
            return True
        if self._waiting or not self._has_room(frame):
            if self.feedback:
                raise FeedbackOverflow(
                    f"{self.name} holds {self.depth} frames and was sent another; "
                    "a feedback input must be able to hold all that can be outstanding"
                )
            if self._on_full == "wait":
                return False
            if not self._make_room(frame):
                if not isinstance(frame, AudioFrame):
                    return False
                self.dropped += 1  # marks alone fill the queue, and those stay
                return True
        self._append(frame)
        return True

    async def put(self, frame: Frame) -> None:
        """Queue ``frame``, waiting for room behind those who came earlier.

        A frame whose turn is cut meanwhile is not queued, and its writer goes on.
        """
        if self.put_nowait(frame):
            return
        turn = frame.turn
        room = Event()
        self._waiting.append(room)
        with CancelScope() as scope:
            key = None
            if turn is not None:
                key = turn.watch(lambda: scope.cancel() if turn.is_cut else None)
            try:
                while True:
                    await room.wait()
                    if self.finished or self._has_room(frame):
                        break
                    room = self._waiting[0] = Event()
            finally:
                if turn is not None:
                    turn.unwatch(key)
                self._waiting.remove(room)
                self._wake_writer()
        if turn is not None and turn.is_cut:
            self.stale += 1
        elif self.finished:
            self.discarded += 1
        elif not scope.cancelled_caught:
            self._append(frame)
            self._wake_writer()

    def _has_room(self, frame: Frame) -> bool:
        if not self.depth:
            return True
        if self.depth >= self.capacity:
            return False
        return (
            not self.seconds
            or not isinstance(frame, AudioFrame)
            or self.seconds + frame.duration <= self.capacity_seconds
        )

    def _make_room(self, frame: Frame) -> bool:
        # Rare, so it may be slow: an anyio stream gives access to its head only.
        frames: deque[Frame] = deque()
        while self.depth:
            frames.append(self._pop())
        kept: deque[Frame] = deque()
        while frames and not self._would_fit(frames, kept, frame):
            oldest = frames.popleft()
            if isinstance(oldest, AudioFrame):
                self.dropped += 1
            else:
                kept.append(oldest)
        for each in (*kept, *frames):
            self._push(each)
        return self._has_room(frame)

    def _would_fit(
        self, frames: deque[Frame], kept: deque[Frame], frame: Frame
    ) -> bool:
        count = len(frames) + len(kept)
        if count >= self.capacity:
            return False
        if not isinstance(frame, AudioFrame):
            return True
        audio = sum(f.duration for f in frames if isinstance(f, AudioFrame))
        return not audio or audio + frame.duration <= self.capacity_seconds

    def _append(self, frame: Frame) -> None:
        self._push(frame)
        arrival = self._arrival
        if arrival is not None:
            self._arrival = None
            arrival.set()

    def _push(self, frame: Frame) -> None:
        self._send.send_nowait(frame)
        self.depth += 1
        if self.depth > self.high_water:
            self.high_water = self.depth
        if isinstance(frame, AudioFrame):
            self.seconds += frame.duration
            if self.seconds > self.high_water_seconds:
                self.high_water_seconds = self.seconds

    def _wake_writer(self) -> None:
        if self._waiting:
            self._waiting[0].set()

    def add_writer(self) -> None:
        """One more place from which frames come."""
        self.writers += 1

    def remove_writer(self) -> None:
        """One of them has ended; with the last one the stream ends."""
        self.writers -= 1
        if not self.writers and self._arrival is not None:
            self._arrival.set()
            self._arrival = None

    # --- reading

    def take_nowait(self) -> Any:
        """The next frame that is not of a cut turn, or `EMPTY`, or `ENDED`."""
        while self.depth:
            frame = self._pop()
            if self._waiting:
                self._waiting[0].set()
            turn = frame.turn
            if turn is not None and turn.is_cut:
                self.stale += 1
                continue
            self.delivered += 1
            return frame
        return ENDED if self.finished or not self.writers else EMPTY

    def _pop(self) -> Any:
        frame = self._receive.receive_nowait()
        self.depth -= 1
        if isinstance(frame, AudioFrame):
            # An empty queue holds exactly nothing, whatever the sums were rounded to.
            self.seconds = self.seconds - frame.duration if self.depth else 0.0
        return frame

    async def take(self) -> Any:
        """The next frame, waiting for it; `ENDED` after the last."""
        self._since_checkpoint += 1
        if self._since_checkpoint >= CHECKPOINT_EVERY:
            self._since_checkpoint = 0
            await checkpoint()
        while True:
            frame = self.take_nowait()
            if frame is not EMPTY:
                return frame
            await self.wait()

    async def wait(self) -> None:
        """Wait until there may be something to take; safe to cancel."""
        if self.depth or self.finished or not self.writers:
            return
        self._since_checkpoint = 0
        if self._arrival is None:
            self._arrival = Event()
        await self._arrival.wait()

    def finish(self) -> None:
        """The reader has gone: what is queued or still comes is counted and discarded."""
        if self.finished:
            return
        self.finished = True
        self.discarded += self.depth
        while self.depth:
            self._pop()
        self._send.close()
        self._receive.close()
        for room in self._waiting:
            room.set()
        if self._arrival is not None:
            self._arrival.set()
            self._arrival = None

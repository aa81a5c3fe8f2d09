"""Where frames leave a processor: what is fused behind it runs within `Output.send`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import anyio

from .audio import AudioFormat
from .audioframe import AudioFrame
from .entry import kind_fault
from .errors import FormatError, VoxpipeError
from .fused import Tree
from .kinds import kinds_of
from .ports import Port
from .queue import CHECKPOINT_EVERY, Delivery, Queue
from .routes import Drawable, OpenRoute
from .runtime.wakeup import Wakeup

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Output(Port, Drawable[T_co]):
    """Where frames leave a processor.

    Args:
        format: of the audio that leaves; ``None`` until it is known.

    Attributes:
        format: what was declared or, during a run, what its first audio had.
        read: something is drawn from it; set by the pipeline before `Processor.check`.
        sent: frames of this run, or of the last one.
        stale: those that were not sent because their turn was cut.
    """

    __slots__ = (
        "_direct",
        "_ended",
        "_kinds",
        "_learned",
        "_line",
        "_run",
        "_seen",
        "_yield_at",
        "format",
        "read",
        "sent",
        "stale",
    )

    def __init__(self, *, format: AudioFormat | None = None) -> None:
        super().__init__()
        self.format = format
        self.read = False
        self.sent = 0
        self.stale = 0
        self._run: Tree | None = None
        self._direct: Queue | None = None
        self._seen: AudioFormat | None = None  # the last one found to be right
        self._kinds: set[type] = set()  # of frames that were found to be right
        self._learned = False  # `format` was not declared
        self._ended = False
        self._yield_at = CHECKPOINT_EVERY  # `sent`, when to let others run
        # Those who send and wait; no deque, which takes 0.8 kB for nobody.
        self._line: list[Wakeup] = []

    def drawn(self) -> OpenRoute[T_co]:
        """The route that begins here."""
        return OpenRoute(self)

    @property
    def connected(self) -> bool:
        """A pipeline runs, and this output has not ended."""
        return self._run is not None

    @property
    def abandoned(self) -> bool:
        """A pipeline runs, and all readers have finished."""
        return self._run is not None and self._run.abandoned

    # --- one run; called by the pipeline

    def connect(self, run: Tree) -> None:
        """Join it to its readers."""
        self._run = run
        self._direct = run.direct
        self._seen = None
        self._kinds = set()
        self._ended = False
        if self.format is not None:
            run.expect(self.format)
        self.sent = self.stale = 0
        self._yield_at = CHECKPOINT_EVERY
        self._line = []

    def disconnect(self) -> None:
        """The run is over."""
        self._run = self._direct = None
        if self._learned:
            self._learned, self.format = False, None

    async def end(self) -> None:
        """Say that nothing more will be sent; tails of fused boxes go out first."""
        run, self._run, self._direct = self._run, None, None
        self._ended = True
        if run is not None:
            try:
                await self.deliver(run.flush())
            finally:
                run.close()

    # --- sending

    async def send(self: Output[T], frame: T) -> bool:
        """Give ``frame`` to every reader, in the order in which they were drawn.

        Waits where a reader has no room, and so holds back those drawn after it. A
        frame of a cut turn goes nowhere, and a wait on its behalf ends with the turn.

        Returns:
            ``False`` when all readers have finished, so that going on is pointless.

        Raises:
            FormatError: audio in another format than before, or in one that a box or
                an input behind this output cannot take.
            FrameError: no frame, or of a kind that the output was not declared with.
            Exception: whatever a fused box raised, with a note that names it.
        """
        if self.sent >= self._yield_at:
            await self._let_others_run()
        queue = self._direct
        if queue is None:
            return await self._send_through(frame)
        # The same as `_send_through`, in place: this runs for every frame and hop.
        each: Any = frame
        if type(each) is not AudioFrame or each.format is not self._seen:
            self._check(each)
        turn = each.turn
        if turn is not None and turn.is_cut:
            return await self._pass_over()
        self.sent += 1
        if not queue.put_nowait(each):
            self._yield_at = self.sent + CHECKPOINT_EVERY
            await queue.put_later(each)
        return not queue.finished

    async def _send_through(self, frame: Any) -> bool:
        if type(frame) is not AudioFrame or frame.format is not self._seen:
            self._check(frame)
        turn = frame.turn
        if turn is not None and turn.is_cut:
            return await self._pass_over()
        run = self._run
        rest = self._queue_up(self._push(frame))
        if rest:
            await self._wait_for_room(rest)
        return run is None or not run.abandoned

    async def _pass_over(self) -> bool:
        # Whoever sends only frames of a cut turn never waits for a reader.
        self.stale += 1
        if self.stale % CHECKPOINT_EVERY == 0:
            await anyio.lowlevel.checkpoint()
        return self._run is None or not self._run.abandoned

    async def _let_others_run(self) -> None:
        self._yield_at = self.sent + CHECKPOINT_EVERY
        await anyio.lowlevel.checkpoint()

    def send_nowait(self: Output[T], frame: T) -> Sequence[Delivery]:
        """As `send`, as far as that needs no waiting: also outside of every task.

        Returns:
            What readers had no room for, and what comes after it: to be given to
            `deliver` before anything else is sent; empty if all have got it.

        Raises:
            FormatError, FrameError, Exception: as `send`.
        """
        each: Any = frame
        if type(each) is not AudioFrame or each.format is not self._seen:
            self._check(each)
        if each.turn is not None and each.turn.is_cut:
            self.stale += 1
            return ()
        queue = self._direct
        if queue is None or self._line:
            return self._queue_up(self._push(each))
        self.sent += 1
        return () if queue.put_nowait(each) else ((queue, each),)

    async def deliver(self, deliveries: Sequence[Delivery]) -> None:
        """Queue each where it is to go, waiting where a reader has no room."""
        rest = self._queue_up(deliveries)
        if rest:
            await self._wait_for_room(rest)

    def _queue_up(self, deliveries: Sequence[Delivery]) -> Sequence[Delivery]:
        """Queue what needs no waiting; the first that has to wait holds back the rest.

        Others may be in line: a box that holds frames back gives out what came from
        another task, so what leaves it must not overtake what left it before.
        """
        if self._line:
            return deliveries
        for at, (queue, each) in enumerate(deliveries):
            if not queue.put_nowait(each):
                return deliveries[at:]
        return ()

    async def _wait_for_room(self, deliveries: Sequence[Delivery]) -> None:
        self._yield_at = self.sent + CHECKPOINT_EVERY
        place = Wakeup()
        self._line.append(place)
        try:
            if self._line[0] is not place:
                await self._wait_for_others(place, deliveries)
            for queue, each in deliveries:
                if not queue.put_nowait(each):
                    await queue.put_later(each)
        finally:
            self._line.remove(place)
            if self._line:
                self._line[0].set()

    async def _wait_for_others(
        self, place: Wakeup, deliveries: Sequence[Delivery]
    ) -> None:
        # Frames of cut turns are read by nobody: it does not matter whom they overtake.
        turns = {each.turn for _, each in deliveries}
        keys = [(turn, turn.watch(place.set)) for turn in turns if turn is not None]
        try:
            while self._line[0] is not place and not all(
                turn is not None and turn.is_cut for turn in turns
            ):
                await place.wait()
        finally:
            for turn, key in keys:
                turn.unwatch(key)

    def offer(self: Output[T], frame: T) -> None:
        """Give ``frame`` to every reader that has room, without waiting.

        For news of which the next is as good; a reader without room misses this one,
        and counts it.
        """
        each: Any = frame
        if type(each) is not AudioFrame or each.format is not self._seen:
            self._check(each)
        if each.turn is not None and each.turn.is_cut:
            self.stale += 1
            return
        for queue, made in self._push(each):
            if not queue.put_nowait(made):
                queue.miss()

    def _push(self, frame: Any) -> Sequence[Delivery]:
        run = self._run
        if run is None:
            raise VoxpipeError(
                f"{self} has ended: nothing can be sent after that"
                if self._ended
                else f"{self} is not in a pipeline that runs"
            )
        self.sent += 1
        queue = self._direct
        return run.push(frame) if queue is None else ((queue, frame),)

    def _check(self, frame: Any) -> None:
        kind: type = frame.__class__
        if kind not in self._kinds:
            fault = kind_fault(str(self), frame, kinds_of(self))
            if fault is not None:
                raise fault
            self._kinds.add(kind)
        if kind is AudioFrame and self._run is not None:
            self._check_format(frame.format, self._run)

    def _check_format(self, format: AudioFormat, run: Tree) -> None:
        if self.format is None:
            for misfit in run.misfits(format):
                raise FormatError(misfit)
            self.format, self._learned = format, True
            run.expect(format)
        elif format != self.format:
            raise FormatError(
                f"{self} sends {self.format}, and now {format}: a format does not "
                "change during a session"
            )
        self._seen = format

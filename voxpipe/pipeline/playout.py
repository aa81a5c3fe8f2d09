"""The reusable playout: plays replies at the pace of speech, and knows what was heard.

A transport hands it a way to write audio and, where its device can forget what it was
given, a way to clear it. Everything else is here, once: the bounded lead, waiting for
*the pace or the turn*, the ledger, holding, and the last sample.

What was written is a queue of pieces on the device's clock (``device_buffer.py``). The
clock is ours; confirmations shift it, and pacing never waits for them: carriers lose
them.

`write` and `clear` are called from one task, one at a time, so that a transport needs
no lock; a cut that comes while one of them is busy is acted on when it returns.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import anyio

from .audioframe import AudioFrame
from .device_buffer import TICK, DeviceBuffer, Piece
from .frames import ReplyEnd
from .ledger import Basis
from .output import Output
from .ports import PlayoutInput
from .runtime.expect import expect, is_a
from .runtime.timer import Timer, timers
from .runtime.words import one_of
from .turn import Turn

Write = Callable[[AudioFrame], Awaitable[object]]
Clear = Callable[[Turn | None], Awaitable[object]]
Taken = Callable[[Turn], float]

LEAD = 0.2  # seconds ahead of what is heard: more than a hiccup, less than a word
CHECKPOINT_EVERY = 32  # steps; lets other tasks run when nothing ever has to wait


@dataclass(slots=True)
class _Reply:
    """What a playout knows of a turn that is not over."""

    watch: object  # the key
    on_device: bool = False  # some was written since the device was last cleared
    ended: bool = False  # its last sample was taken from the stream


class Playout:
    """Plays what comes into a `PlayoutInput`.

    When its run is left before the end, the replies that it was playing are cut: what
    was not heard by then never will be.

    Args:
        sink: where replies arrive.
        write: gives one frame to the device; must not wait for it to be heard.
        clear: makes the device forget what it has not played; called once for each
            turn that is cut or held with audio on the device. Without it what was
            written plays out (at most ``lead`` and one frame), a cut counts that as
            heard, and a hold begins after it.
        taken: for a device with a buffer of its own that no clear empties: up to how
            many seconds of a turn it has. They will be heard, so a cut counts them, and
            a hold plays on behind them. Without it a clear leaves nothing.
        played: gets every frame when it was heard, cut to what was heard, and without
            its turn. A reader of it that waits holds playing back.
        lead: seconds that the device may be ahead of what is heard, and one frame.
        basis: ``measured`` if this clock *is* the device, else ``estimated`` until the
            device confirms.

    Attributes:
        underruns: how often the device ran dry within a reply.
    """

    def __init__(
        self,
        sink: PlayoutInput[Any],
        write: Write,
        *,
        clear: Clear | None = None,
        taken: Taken | None = None,
        played: Output[AudioFrame] | None = None,
        lead: float = LEAD,
        basis: Basis = "estimated",
    ) -> None:
        told = "sink is the box's PlayoutInput, such as self.speaks"
        expect(is_a(sink, PlayoutInput), sink, told)
        expect(callable(write), write, "write is an async function that takes a frame")
        self._sink = sink
        self._write = write
        self._clear = clear
        self._taken = taken
        self._played = played
        self._lead = lead
        one_of(Basis, basis, "basis")
        self._basis: Basis = basis
        self._device = DeviceBuffer(taken)
        self._writing: AudioFrame | None = None  # given to `write`, not yet returned
        self._inserted: deque[AudioFrame] = deque()  # to be written before all else
        self._coming: deque[Any] = deque()  # taken back, or the next of the sink
        self._replies: dict[Turn, _Reply] = {}
        self._flowing: Turn | None = None  # of which the next frame should be in time
        self._wakeup: anyio.Event | None = None  # while it waits
        self._timer = Timer(math.inf, lambda: None)  # sets it when the pace allows
        self._news = False  # a turn has changed
        self._lost_at: float | None = None  # the device has forgotten what it had
        self._is_ended = False  # of a sink that nothing feeds
        self._is_suspended = False
        self._now: Callable[[], float] = anyio.current_time
        self.underruns = 0

    async def run(self) -> None:
        """Play until the stream of its sink has ended and the last sample was heard.

        Where nothing feeds the sink there is no stream: then `end` is its end.
        """
        self._timers = timers()
        self._now = self._timers.now  # anyio's costs more, and it is asked often
        try:
            await self._play_all()
            for turn in tuple(self._replies):
                turn.finish()  # a stream may end without the ends of its replies
        finally:
            self._timer.cancel()
            for turn in tuple(self._replies):
                self._forget(turn)
                turn.cut()

    def insert(self, frame: AudioFrame) -> None:
        """Play ``frame``, which is of no turn, before what waits to be played.

        For what is not speech, such as the tones of a keypad. From any task.
        """
        self._inserted.append(frame)
        self._note_change()

    def end(self) -> None:
        """Nothing more will be inserted; ends a run whose sink nothing feeds."""
        self._is_ended = True
        self._note_change()

    def suspend(self) -> None:
        """Write nothing until `resume`: the device has not got through what it has."""
        self._is_suspended = True

    def resume(self) -> None:
        """Go on writing."""
        self._is_suspended = False
        self._note_change()

    def confirm(self, turn: Turn, position: float) -> None:
        """The device has played ``turn`` up to ``position`` seconds.

        Late, lost, repeated, disordered and unknown confirmations do no harm. When the
        device is cleared, forget which were outstanding: carriers send those, too.
        """
        if not turn.is_over and self._device.confirm(turn, position, self._now()):
            self._note_change()

    def forgotten(self, at: float) -> None:
        """The device has by itself forgotten what it had not played by then.

        That is written again; `suspend` it first if the device is not there.

        Args:
            at: when, on `anyio.current_time`; before now, or now.
        """
        self._lost_at = at
        self._note_change()

    def position(self, turn: Turn) -> tuple[float, Basis]:
        """Seconds of ``turn`` that were heard by now, and how one knows."""
        basis = self._basis_of(turn)
        return self._device.position(turn, self._now()), basis

    def _stops_at(self, turn: Turn) -> tuple[float, Basis]:
        """Where the playhead comes to rest when ``turn`` is cut now."""
        played, basis = self.position(turn)
        if self._clear is None:
            played = max(played, self._device.end_of(turn))
            writing = self._writing
            if writing is not None and writing.turn is turn:
                played = max(played, writing.end)
        elif self._taken is not None:
            played = self._taken(turn)
        return played, basis

    def _basis_of(self, turn: Turn) -> Basis:
        return "measured" if self._device.is_confirmed(turn) else self._basis

    # --- the loop

    async def _play_all(self) -> None:
        steps, is_open = 0, True
        while True:
            steps += 1
            if steps % CHECKPOINT_EVERY == 0:
                await anyio.lowlevel.checkpoint()
            if self._news:
                await self._react()
            await self._report_played()
            if is_open and self._head is None:
                is_open = self._take()
            until = await self._go_on()
            if until is None:
                continue
            if not is_open and self._head is None and not self._device:
                return
            is_fed = is_open and self._sink.fed
            await self._wait(until, for_input=is_fed and self._head is None)

    @property
    def _head(self) -> Any:
        first = self._inserted or self._coming
        return first[0] if first else None

    def _drop_head(self) -> None:
        (self._inserted or self._coming).popleft()

    def _take(self) -> bool:
        if not self._sink.fed:
            return not self._is_ended
        try:
            frame = self._sink.receive_nowait()
        except anyio.EndOfStream:
            return False
        if frame is not None:
            self._coming.append(frame)
        return True

    async def _go_on(self) -> float | None:
        """Do what can be done: ``None``, or the moment until which there is nothing."""
        frame = self._head
        if frame is None:
            return self._next_played()
        turn: Turn | None = frame.turn
        if turn is not None and turn.is_cut:
            self._drop_head()
        elif isinstance(frame, AudioFrame):
            if turn is not None and turn.state == "held":
                return self._hold(turn)
            if self._is_suspended:
                return self._next_played()
            may_write = self._device.free_at - self._lead
            if may_write > self._now() + TICK:
                return min(may_write, self._next_played())
            self._drop_head()
            await self._play(frame)
        else:
            self._drop_head()
            if isinstance(frame, ReplyEnd) and turn is not None and not turn.is_over:
                self._reply(turn).ended = True
        return None

    def _hold(self, turn: Turn) -> float:
        self._flowing = None  # to run dry is what a hold is for
        if not self._device and self._clear is None:
            self._device.free_at = -math.inf
        self._reply(turn)  # so that it is watched, even if nothing of it was written
        return self._next_played()

    async def _play(self, frame: AudioFrame) -> None:
        turn = frame.turn
        if turn is not None:
            reply = self._reply(turn)
            reply.on_device = True  # a clear is due from here on, whatever `write` does
            turn.playing_on(self, stops_at=self._stops_at)
            if turn is self._flowing and self._device.free_at < self._now():
                self.underruns += 1
        self._flowing = turn
        self._writing = frame
        await self._write(frame)
        self._writing = None
        # Not before: what the device has not got, nobody has heard.
        now = self._now()
        piece = self._device.add(frame, now)
        if turn is not None and turn.timings.first_written is None:
            turn.timings.first_written = now
            turn.timings.first_played = piece.begins + self._device.lag(turn)

    # --- turns

    def _reply(self, turn: Turn) -> _Reply:
        reply = self._replies.get(turn)
        if reply is None:
            reply = self._replies[turn] = _Reply(turn.watch(self._note_change))
        return reply

    def _forget(self, turn: Turn) -> None:
        turn.unwatch(self._replies.pop(turn).watch)

    def _note_change(self) -> None:
        self._news = True
        self._wake()

    def _wake(self) -> None:
        if self._wakeup is not None:
            self._wakeup.set()

    async def _react(self) -> None:
        """A turn was cut, held or resumed: silence the device where needed."""
        self._news = False
        now = self._now()
        if self._lost_at is not None:
            at, self._lost_at = self._lost_at, None
            await self._report_played(at)
            await self._take_back(at)
        silenced: list[Turn] = []
        for turn, reply in tuple(self._replies.items()):
            if turn.is_over:
                self._forget(turn)
            elif turn.state != "held":
                continue
            if reply.on_device:
                silenced.append(turn)
                reply.on_device = False
        if silenced and self._clear is not None:
            for turn in silenced:
                await self._clear(turn)
            await self._report_played(now)
            await self._take_back(now)

    async def _take_back(self, now: float) -> None:
        """The device was cleared: what it had not played is written again, or never."""
        rest: list[AudioFrame] = []
        for piece, seconds in self._device.take_back(now):
            turn = piece.frame.turn
            await self._note(piece, seconds)
            if turn is None or not turn.is_cut:
                rest.append(piece.frame.after(seconds))
        self._coming.extendleft(each for each in reversed(rest) if each.size)
        for reply in self._replies.values():
            reply.on_device = False

    # --- what was heard

    async def _report_played(self, now: float | None = None) -> None:
        now = self._now() if now is None else now
        for piece, seconds in self._device.pop_played(now):
            await self._note(piece, seconds)
        for turn, reply in tuple(self._replies.items()):
            if turn.state == "held" and now >= turn.held_until:
                turn.resume()
            if reply.ended and not self._holds(turn):
                self._forget(turn)
                turn.finish()

    async def _note(self, piece: Piece, seconds: float) -> None:
        frame, turn = piece.frame, piece.frame.turn
        if seconds <= 0.0:
            return
        if turn is not None:
            turn.note_played(frame.start + seconds, self._basis_of(turn))
        part = frame.before(seconds)
        if self._played is not None and part.size:
            # What was heard stays heard, whatever becomes of its turn.
            await self._played.send(part.moved(start=part.start, turn=None))

    def _holds(self, turn: Turn) -> bool:
        return self._device.holds(turn) or any(f.turn is turn for f in self._coming)

    # --- waiting

    def _next_played(self) -> float:
        if self._played is None or not self._played.read:
            return self._device.all_played_at()  # only the end matters to anybody
        return self._device.played_at()

    async def _wait(self, until: float, *, for_input: bool) -> None:
        if self._news:
            return
        for turn in self._replies:
            if turn.state == "held":
                until = min(until, turn.held_until)
        # One wakeup for the pace, the turn and the next frame.
        wakeup = self._wakeup = anyio.Event()
        if for_input:
            self._sink.announce(wakeup)
        self._set_timer(until)
        await wakeup.wait()
        self._wakeup = None

    def _set_timer(self, moment: float) -> None:
        if self._timer.moment == moment and self._timer.is_pending:
            return
        self._timer.cancel()
        if moment < math.inf:
            self._timer = self._timers.at(moment, self._wake)

"""The reusable ear: plays replies at the pace of speech, and knows what was heard.

A transport hands it a way to write audio and, where its device can forget what it was
given, a way to clear it. Everything else is here, once: the bounded lead, waiting for
*the pace or the turn*, the ledger, holding, and the last sample.

Theory: what was written is a queue of pieces, each with the moment at which the device
begins it. A piece whose end is past has been heard. Confirmations from a device only
shift that clock (`confirm`); pacing never waits for them, because carriers lose them.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from anyio import CancelScope, EndOfStream, current_time, sleep_forever
from anyio.lowlevel import checkpoint

from .frames import AudioFrame, ReplyEnd
from .output import Output
from .ports import Ear
from .turn import Basis, Turn

Write = Callable[[AudioFrame], Awaitable[object]]
Clear = Callable[[Turn | None], Awaitable[object]]

LEAD = 0.2  # seconds written ahead of the ear: more than a hiccup, less than a word


@dataclass(slots=True)
class _Piece:
    """Audio on the device, not yet heard."""

    frame: AudioFrame
    begins: float  # seconds on the clock
    duration: float

    @property
    def ends(self) -> float:
        return self.begins + self.duration

    def played(self, now: float) -> float:
        """Seconds of it that were heard: of a cut turn, what its ledger has frozen."""
        turn = self.frame.turn
        if turn is not None and turn.is_cut:
            heard = turn.heard - self.frame.start
        else:
            heard = now - self.begins
        return min(max(heard, 0.0), self.duration)


class Playout:
    """Plays what comes into an ear.

    Args:
        ear: where replies arrive.
        write: gives one frame to the device; must not wait for it to be heard.
        clear: makes the device forget what it has not played; called when a turn is
            cut or held. Without it the lead plays out.
        played: gets every frame when it was heard, cut to what was heard.
        lead: seconds that the device may be ahead of the ear.
        basis: ``measured`` if this clock *is* the device, else ``estimated`` until the
            device confirms.
    """

    def __init__(
        self,
        ear: Ear[Any],
        write: Write,
        *,
        clear: Clear | None = None,
        played: Output[AudioFrame] | None = None,
        lead: float = LEAD,
        basis: Basis = "estimated",
    ) -> None:
        self._ear = ear
        self._write = write
        self._clear = clear
        self._played = played
        self._lead = lead
        self._basis: Basis = basis
        self._pieces: deque[_Piece] = deque()
        self._again: deque[AudioFrame] = deque()  # held: to be written once more
        self._next: Any = None  # taken from the ear, waiting for its pace
        self._free_at = -math.inf  # when the device will have played all it has
        self._lag = 0.0  # seconds by which the device is behind the clock
        self._confirmed: Turn | None = None
        self._turn: Turn | None = None  # the last one that was written
        self._turns: dict[Turn, object] = {}  # watched, not over; with their keys
        self._ended: set[Turn] = set()  # those of which the last sample was written
        self._scope: CancelScope | None = None
        self._news = False  # a turn has changed
        self.underruns = 0

    async def run(self) -> None:
        """Play until the ear's stream has ended and the last sample was heard."""
        steps, open = 0, True
        try:
            while True:
                steps += 1
                if steps % 32 == 0:
                    await checkpoint()
                if self._news:
                    await self._react()
                await self._report_heard(current_time())
                if open and self._next is None and not self._again:
                    open = self._take()
                wake = await self._go_on()
                if wake is None:
                    continue
                if not open and not self._pieces and not self._has_next():
                    return
                await self._wait(wake, for_input=open and not self._has_next())
        finally:
            for turn, key in self._turns.items():
                turn.unwatch(key)
            self._turns.clear()

    def confirm(self, turn: Turn, position: float) -> None:
        """The device has played ``turn`` up to ``position`` seconds."""
        pieces = [piece for piece in self._pieces if piece.frame.turn is turn]
        if turn.is_over or not pieces:
            return  # carriers also confirm what they were told to forget
        now = current_time()
        for piece in pieces:
            into = position - piece.frame.start
            if into < piece.duration:
                self._lag = max(0.0, now - (piece.begins + max(0.0, into)))
                break
        else:
            self._lag = min(self._lag, max(0.0, now - pieces[-1].ends))
        self._confirmed = turn
        self._wake()

    def position(self, turn: Turn) -> tuple[float, Basis]:
        """Seconds of ``turn`` that were heard by now, and how one knows."""
        now = current_time() - self._lag
        heard = turn.noted
        for piece in self._pieces:
            if piece.frame.turn is turn and piece.begins < now:
                played = min(now - piece.begins, piece.duration)
                heard = max(heard, piece.frame.start + played)
        return heard, self._basis_of(turn)

    def _basis_of(self, turn: Turn) -> Basis:
        return "measured" if self._confirmed is turn else self._basis

    # --- one step each

    def _take(self) -> bool:
        try:
            self._next = self._ear.receive_nowait()
        except EndOfStream:
            return False
        return True

    def _has_next(self) -> bool:
        return bool(self._again) or self._next is not None

    async def _go_on(self) -> float | None:
        """Write what may be written: ``None``, or the moment until which to wait."""
        frame = self._again[0] if self._again else self._next
        if frame is None:
            return self._next_heard()
        turn: Turn | None = frame.turn
        if turn is not None and turn.is_cut:
            self._drop_next()
            return None
        if isinstance(frame, AudioFrame):
            if turn is not None and turn.state == "held":
                return min(turn.held_until, self._next_heard())
            may_write = self._free_at - self._lead
            if may_write > current_time():
                return min(may_write, self._next_heard())
            self._drop_next()
            await self._play(frame)
            return None
        if isinstance(frame, ReplyEnd) and turn is not None:
            self._watch(turn)
            self._ended.add(turn)
        self._drop_next()
        return None

    def _drop_next(self) -> None:
        if self._again:
            self._again.popleft()
        else:
            self._next = None

    async def _play(self, frame: AudioFrame) -> None:
        duration, now = frame.duration, current_time()
        turn = frame.turn
        if turn is not None:
            self._watch(turn)
        if turn is not self._turn:
            self._turn = turn
        elif turn is not None and -math.inf < self._free_at < now:
            self.underruns += 1
        begins = max(now, self._free_at)
        self._free_at = begins + duration
        self._pieces.append(_Piece(frame, begins, duration))
        if turn is not None:
            turn.playing_on(self)
            if turn.timings.first_written is None:
                turn.timings.first_written = now
                turn.timings.first_heard = begins + self._lag
        await self._write(frame)

    def _watch(self, turn: Turn) -> None:
        if turn not in self._turns and not turn.is_over:
            self._turns[turn] = turn.watch(self._wake)

    def _wake(self) -> None:
        self._news = True
        if self._scope is not None:
            self._scope.cancel()

    async def _react(self) -> None:
        """A turn was cut, held or resumed: silence the device where needed."""
        self._news = False
        now = current_time()
        silenced: list[Turn] = []
        for turn in tuple(self._turns):
            if turn.is_cut:
                turn.unwatch(self._turns.pop(turn))
                self._ended.discard(turn)
                if any(piece.frame.turn is turn for piece in self._pieces):
                    silenced.append(turn)
            elif (
                turn.state == "held"
                and self._clear is not None
                and any(piece.frame.turn is turn for piece in self._pieces)
            ):
                silenced.append(turn)
        if not silenced:
            return
        if self._clear is not None:
            for turn in silenced:
                await self._clear(turn)
        await self._report_heard(now)
        rest = await self._silence(now - self._lag)
        self._again.extendleft(reversed(rest))

    async def _silence(self, now: float) -> list[AudioFrame]:
        """Take back what is on the device; returns what has to be written again."""
        again: list[AudioFrame] = []
        pieces, self._pieces = self._pieces, deque()
        for piece in pieces:
            turn = piece.frame.turn
            played = piece.played(now)
            if played > 0.0:
                part = piece.frame.before(played)
                if turn is not None:
                    turn.note_heard(piece.frame.start + played, self._basis_of(turn))
                if self._played is not None and part.size:
                    await self._played.send(_untied(part))
            if turn is None or not turn.is_cut:
                rest = piece.frame.after(played)
                if rest.size:
                    again.append(rest)
        self._free_at = -math.inf
        return again

    async def _report_heard(self, now: float) -> None:
        """Let go of the pieces whose end is past, and finish turns that are through."""
        pieces = self._pieces
        while pieces and pieces[0].ends + self._lag <= now:
            piece = pieces.popleft()
            turn = piece.frame.turn
            if turn is not None:
                turn.note_heard(
                    piece.frame.start + piece.duration, self._basis_of(turn)
                )
            part = piece.frame
            if turn is not None and turn.is_cut:
                part = part.before(piece.played(now))
            if self._played is not None and part.size:
                await self._played.send(_untied(part))
        if self._ended:
            for turn in tuple(self._ended):
                waiting = any(piece.frame.turn is turn for piece in pieces) or any(
                    frame.turn is turn for frame in self._again
                )
                if not waiting:
                    self._ended.discard(turn)
                    key = self._turns.pop(turn, None)
                    if key is not None:
                        turn.unwatch(key)
                    turn.finish()
        for turn in tuple(self._turns):
            if turn.state == "held" and now >= turn.held_until:
                turn.resume()

    def _next_heard(self) -> float:
        if not self._pieces:
            return math.inf
        if self._played is None or not self._played.read:
            return self._free_at + self._lag  # only the end matters to anybody
        return self._pieces[0].ends + self._lag

    async def _wait(self, until: float, *, for_input: bool) -> None:
        if self._news:
            return
        held = [turn.held_until for turn in self._turns if turn.state == "held"]
        deadline = min([until, *held])
        with CancelScope(deadline=deadline) as self._scope:
            if for_input:
                await self._ear.wait()
            else:
                await sleep_forever()
        self._scope = None


def _untied(frame: AudioFrame) -> AudioFrame:
    """What was heard stays heard, whatever becomes of its turn."""
    return AudioFrame(data=frame.data, format=frame.format, start=frame.start)

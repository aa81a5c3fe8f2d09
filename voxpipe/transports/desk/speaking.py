"""From a port to a loudspeaker's thread, and back what of it was heard.

The thread takes its blocks out of a deque, which needs no lock: it never waits for the
event loop. With each block the device says in how many seconds it will sound, and that
is told to the `Playout`: positions are the device's, not our clock's.

What the thread has taken sounds, whatever happens: the device's own buffer, some 60 ms.
A cut turn counts that as heard, and from the cut on the thread takes nothing of it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from typing import Any

from anyio import (
    CancelScope,
    create_task_group,
    current_time,
    move_on_after,
    sleep_until,
)

from voxpipe.pipeline import (
    AudioFormat,
    AudioFrame,
    Output,
    Playout,
    PlayoutInput,
    Turn,
)
from voxpipe.pipeline.runtime.loop import clock_for_threads
from voxpipe.pipeline.runtime.wakeup import Wakeup

from .bell import Bell
from .devices import DeviceError, chosen
from .driver import Driver
from .level import SILENT, level
from .listening import QUIET

# Seconds that wait for the thread, until a frame has to: a lead, a delta of a model's,
# and what two clocks differ by in an hour.
FULL = 1.0


@dataclass(slots=True, eq=False)
class _Piece:
    """A frame that the device has not taken, or not all of it."""

    data: bytes
    turn: Turn | None
    start: float
    used: int = 0  # bytes that it has taken


class _Queue:
    """What waits for the thread; thrown away as a whole when it is cleared."""

    def __init__(self) -> None:
        self.pieces = deque[_Piece]()
        self.added = self.taken = 0  # bytes: the loop counts one, the thread the other


@dataclass(slots=True)
class _Heard:
    """Where the device is: ``position`` of ``turn`` sounds ``at`` that moment."""

    turn: Turn
    position: float
    at: float


class Speaking:
    """Plays what comes into a `PlayoutInput` on one device.

    Args:
        driver: the system's sound.
        wish: which device, as for `chosen`.
        format: pcm16, mono.
        sink: where replies arrive.
        played: told what was heard, when it was.
        report: told of it when the device has run dry.
        began: called with each turn of which something is to be played.

    Attributes:
        underflows: how often the device has run dry by itself.
        audible_until: when the last sound that it was given ends, on anyio's clock.
    """

    def __init__(
        self,
        driver: Driver,
        wish: int | str | None,
        format: AudioFormat,
        sink: PlayoutInput[Any],
        played: Output[AudioFrame],
        report: Callable[[str], None],
        began: Callable[[Turn], object] = lambda _: None,
    ) -> None:
        self.underflows = 0
        self.audible_until = -inf
        self._driver = driver
        self._wish = wish
        self._format = format
        self._sink = sink
        self._played = played
        self._report = report
        self._began = began
        self._turn: Turn | None = None  # of the newest frame
        self._error: DeviceError | None = None
        self._is_ended = False
        self._playout: Playout | None = None  # while it runs
        self._queue = _Queue()
        self._room = Wakeup()
        self._now: Callable[[], float] = current_time
        self._bell: Bell | None = None  # while it runs
        self._is_gone = False
        self._confirmed: Turn | None = None
        # Written by the thread:
        self._taken: dict[Turn, float] = {}
        self._heard: _Heard | None = None
        self._newest = b""

    @property
    def level(self) -> float:
        """Of the newest block that the device has taken, in dBFS."""
        return level(self._newest) if self._newest else SILENT

    def insert(self, frame: AudioFrame) -> None:
        """As `Playout.insert`, while it runs."""
        if self._playout is not None:
            self._playout.insert(frame)

    def end(self) -> None:
        """As `Playout.end`; safe before it runs, too."""
        self._is_ended = True
        if self._playout is not None:
            self._playout.end()

    async def run(self) -> None:
        """Play until the stream of the sink has ended, and the last sample was heard.

        Raises:
            DeviceError: there is no such device, or it has gone.
        """
        device = chosen(await self._driver.devices(), "loudspeaker", self._wish)
        self._now = clock_for_threads()
        bell = self._bell = Bell(self._note)
        self._is_gone, self._error = False, None
        self._queue = _Queue()
        playout = self._playout = Playout(
            self._sink,
            self._write,
            clear=self._clear,
            taken=lambda turn: self._taken.get(turn, 0.0),
            played=self._played,
        )
        if self._is_ended:
            playout.end()
        stream = await self._driver.play(
            device, self._format, self._give, self._note_gone
        )
        try:
            async with create_task_group() as tasks:
                tasks.start_soon(self._watch, bell, str(device), tasks.cancel_scope)
                await playout.run()
                # Tones are of no turn, and end by the playout's own clock.
                while self._ahead() > 0:
                    await self._room.wait()
                await sleep_until(self.audible_until)
                tasks.cancel_scope.cancel()
        finally:
            self._playout = None
            await stream.close()
        if self._error is not None:
            raise self._error

    # --- in the event loop

    async def _write(self, frame: AudioFrame) -> None:
        turn = frame.turn
        if turn is not None and turn is not self._turn:
            self._turn = turn
            self._began(turn)
        while self._ahead() > FULL:
            await self._room.wait()
        self._queue.added += frame.size
        self._queue.pieces.append(_Piece(frame.data, turn, frame.start))

    async def _clear(self, _: Turn | None) -> None:
        self._queue = _Queue()

    def _ahead(self) -> float:
        """Seconds that the device has not taken."""
        return (self._queue.added - self._queue.taken) / self._format.bytes_per_second

    def _note(self) -> None:
        """The device has taken a block."""
        heard, playout = self._heard, self._playout
        if heard is not None and playout is not None:
            position = heard.position + self._now() - heard.at
            turn = heard.turn
            playout.confirm(turn, max(position, 0.0))
            if turn is not self._confirmed:
                self._confirmed = turn
                turn.timings.first_played = self._now() - position
        for turn in tuple(self._taken):
            if turn.is_over and (heard is None or turn is not heard.turn):
                self._taken.pop(turn, None)
        self._room.set()

    async def _watch(self, bell: Bell, device: str, playing: CancelScope) -> None:
        told = self.underflows
        while not self._is_gone:
            with move_on_after(QUIET) as waiting:
                await bell.wait()
            if self.underflows != told:
                told = self.underflows
                self._report(f"loudspeaker {device} ran dry: {told} times")
            if waiting.cancelled_caught:
                break
        how = "has gone" if self._is_gone else f"took nothing for {QUIET:g} s"
        self._error = DeviceError(
            f"loudspeaker {device} {how}: was it unplugged, or its sound server ended?"
        )
        playing.cancel()

    # --- in the device's thread

    def _give(self, size: int, delay: float, ran_dry: bool) -> bytes:
        now = self._now()
        if ran_dry:
            self.underflows += 1
        per_second = self._format.bytes_per_second
        queue, parts, filled = self._queue, list[bytes](), 0
        pieces = queue.pieces
        while filled < size and pieces:
            piece = pieces[0]
            turn = piece.turn
            if turn is not None and turn.is_cut:
                queue.taken += len(piece.data) - piece.used
                pieces.popleft()
                continue
            part = piece.data[piece.used : piece.used + size - filled]
            if turn is not None:
                begins = piece.start + piece.used / per_second
                self._taken[turn] = begins + len(part) / per_second
                self._heard = _Heard(turn, begins, now + delay + filled / per_second)
            piece.used += len(part)
            queue.taken += len(part)
            filled += len(part)
            parts.append(part)
            if piece.used == len(piece.data):
                pieces.popleft()
        if filled:
            self.audible_until = now + delay + filled / per_second
        parts.append(bytes(size - filled))
        block = self._newest = b"".join(parts)
        if self._bell is not None:
            self._bell.ring()
        return block

    def _note_gone(self) -> None:
        self._is_gone = True
        if self._bell is not None:
            self._bell.ring()

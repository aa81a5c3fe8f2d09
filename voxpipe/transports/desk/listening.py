"""From a microphone's thread to a port.

The thread leaves blocks in a deque, which needs no lock: it never waits for the event
loop. If the loop is late by more than a second, the oldest blocks make room, and that
is counted and reported: what waits longer is no conversation any more.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from anyio import CancelScope, current_time, move_on_after

from voxpipe.pipeline import AudioFormat, AudioFrame, Intake, Output
from voxpipe.pipeline.runtime.loop import clock_for_threads

from .bell import Bell
from .devices import DeviceError, chosen
from .driver import DeviceStream, Driver
from .level import SILENT, level

WAITING = 50  # blocks that the loop has not taken; a second
QUIET = 3.0  # seconds without a block after which a device counts as gone


@dataclass(slots=True)
class _Block:
    data: bytes
    recorded: float  # when its first sample was, on anyio's clock


class Listening:
    """Records from one device into one output.

    Args:
        driver: the system's sound.
        wish: which device, as for `chosen`.
        format: pcm16, mono.
        heard: where the audio goes.
        report: told what was lost.
        is_deaf: asked for each block, with the moment of its first sample on anyio's
            clock: whether silence is to stand in its place.

    Attributes:
        is_muted: silence stands in the place of all that is recorded.
        lost: blocks that made room for newer ones.
        overflows: how often the device itself has lost samples.
    """

    def __init__(
        self,
        driver: Driver,
        wish: int | str | None,
        format: AudioFormat,
        heard: Output[AudioFrame],
        report: Callable[[str], None],
        is_deaf: Callable[[float], bool] = lambda _: False,
    ) -> None:
        self.is_muted = False
        self.lost = self.overflows = 0
        self._driver = driver
        self._wish = wish
        self._format = format
        self._heard = heard
        self._report = report
        self._is_deaf = is_deaf
        self._blocks = deque[_Block]()
        self._now: Callable[[], float] = current_time
        self._bell: Bell | None = None  # while it runs
        self._is_gone = False
        self._hung_up = False
        self._scope: CancelScope | None = None  # while it runs
        self._newest = b""

    @property
    def level(self) -> float:
        """Of the newest block, in dBFS; of what is heard, so silent when muted."""
        return level(self._newest) if self._newest else SILENT

    def hang_up(self) -> None:
        """Listen no more; safe before it runs, too."""
        self._hung_up = True
        if self._scope is not None:
            self._scope.cancel()

    async def run(self) -> None:
        """Listen until it is told to stop, or nobody is interested any more.

        Raises:
            DeviceError: there is no such device, or it has gone.
        """
        if self._hung_up:
            return
        device = chosen(await self._driver.devices(), "microphone", self._wish)
        self._now = clock_for_threads()
        bell = self._bell = Bell()
        self._is_gone = False
        self._blocks.clear()
        stream: DeviceStream | None = None
        with CancelScope() as self._scope:
            try:
                stream = await self._driver.record(
                    device, self._format, self._take, self._note_gone
                )
                await self._listen(bell, str(device))
            finally:
                self._scope = None
                if stream is not None:
                    await stream.close()

    async def _listen(self, bell: Bell, device: str) -> None:
        intake = Intake(self._format, self._report)
        told = (self.lost, self.overflows)
        while True:
            block = await self._next(bell, device)
            if told != (self.lost, self.overflows):
                told = (self.lost, self.overflows)
                self._report(
                    f"samples of microphone {device} were lost: {self.overflows} times "
                    f"by the device, {self.lost} blocks of 20 ms as the event loop was "
                    "late"
                )
            data = block.data
            if self._is_deaf(block.recorded) or self.is_muted:
                data = bytes(len(data))
            self._newest = data
            frame = intake.feed(data)
            if frame is not None and not await self._heard.send(frame):
                return

    async def _next(self, bell: Bell, device: str) -> _Block:
        while not self._blocks:
            with move_on_after(QUIET) as waiting:
                if not self._is_gone:
                    await bell.wait()
            if self._blocks:
                break
            if self._is_gone or waiting.cancelled_caught:
                how = "has gone" if self._is_gone else f"gave nothing for {QUIET:g} s"
                raise DeviceError(
                    f"microphone {device} {how}: was it unplugged, or its sound server "
                    "ended?"
                )
        return self._blocks.popleft()

    # --- in the device's thread

    def _take(self, data: bytes, age: float, lost: bool) -> None:
        blocks = self._blocks
        if lost:
            self.overflows += 1
        if len(blocks) >= WAITING:
            with suppress(IndexError):  # the loop has just taken it: there is room
                blocks.popleft()
                self.lost += 1
        blocks.append(_Block(data, self._now() - age))
        if self._bell is not None:
            self._bell.ring()

    def _note_gone(self) -> None:
        self._is_gone = True
        if self._bell is not None:
            self._bell.ring()

"""Records a conversation as it was heard, and never holds it up."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from os import PathLike
from pathlib import Path
from typing import Any, Final

from anyio import EndOfStream, create_task_group, current_time

from voxpipe.pipeline import (
    AudioFormat,
    AudioFrame,
    AudioRule,
    CallerFrame,
    Input,
    Processor,
    ReplyFrame,
)
from voxpipe.pipeline.runtime.private import private_file

from .disk import Disk
from .timeline import Block, Side, Timeline

LEFT: Final[Side] = 0
RIGHT: Final[Side] = 1
# A source that is faster than time sends up to 64 frames before we can first look,
# and those of a model have a quarter of a second each.
CAPACITY = 256
CAPACITY_MS = 30_000.0

logger = logging.getLogger(__name__)


class WavRecorder(Processor):
    """Write one stereo WAV file: the caller left, the agent right.

    Each side is placed by the clock, from the start of the run: a frame that comes now
    was heard until now. Gaps of up to 60 ms count as jitter and are closed. A side that
    falls silent is waited for 2 s, then silence stands beside the other; frames longer
    than that may be placed late. Connect ``agent`` with what was really heard, such as
    ``phone.played``.

    It holds nobody up: what it cannot take in time is dropped and counted (by the
    inputs), what the disk cannot take in time becomes silence and is counted (`lost`).
    So a source a hundred times faster than speech is not recorded whole.

    The file plays while it grows and after a crash, except for the last 4 s or so. It
    is finished when the run ends or is cancelled. If the disk fails, that is reported
    and logged, and the conversation goes on; what was written until then plays.

    Args:
        path: made anew, over what was there; a new file is for its owner alone (0600).
        rate: samples per second of both sides, pcm16 mono; put ``Decode()`` and
            ``Resample(…)`` in front where they differ.

    Raises:
        FormatError: a rate that is none.
        OSError: the file cannot be made; raised by the run.
    """

    caller = Input[CallerFrame](
        capacity=CAPACITY,
        capacity_ms=CAPACITY_MS,
        on_full="drop_oldest",
        optional=True,
    )
    agent = Input[ReplyFrame](
        capacity=CAPACITY,
        capacity_ms=CAPACITY_MS,
        on_full="drop_oldest",
        optional=True,
    )

    def __init__(self, path: str | PathLike[str], *, rate: int = 24_000) -> None:
        self.path = Path(path)
        self._format = AudioFormat("pcm16", rate, 2)
        mono = AudioRule(encodings=("pcm16",), rates=(rate,), channels=(1,))
        self.caller.format = self.agent.format = mono
        self._lost = 0  # samples
        self._told: OSError | None = None

    def __repr__(self) -> str:
        lost = f", {self.lost:.1f} s lost" if self._lost else ""
        return f"<WavRecorder {self.name}: {self.path}{lost}>"

    @property
    def lost(self) -> float:
        """Seconds that are silent or missing because the disk was too slow or full."""
        return self._lost / self._format.rate

    def check(self) -> Iterable[str]:
        """A recorder without a voice is a mistake."""
        if not self.caller.fed and not self.agent.fed:
            yield (
                f"nothing feeds {self.caller} or {self.agent}: draw "
                f"`phone.heard >> {self.caller}` and `phone.played >> {self.agent}`"
            )

    async def run(self) -> None:
        """Record until both sides have ended."""
        timeline = Timeline(self._format.rate)
        disk = Disk(private_file(self.path), self._format.rate)
        try:
            async with create_task_group() as tasks:
                tasks.start_soon(self._write, disk)
                began = current_time()
                async with create_task_group() as sides:
                    both = began, timeline, disk
                    sides.start_soon(self._hear, LEFT, self.caller, *both)
                    sides.start_soon(self._hear, RIGHT, self.agent, *both)
                tasks.cancel_scope.cancel()
        finally:
            self._give(timeline.rest(), disk)
            await disk.close()
            self._lost = disk.lost
            self._tell(disk.error)

    async def _write(self, disk: Disk) -> None:
        await disk.run()
        self._tell(disk.error)

    async def _hear(
        self,
        side: Side,
        port: Input[Any],
        began: float,
        timeline: Timeline,
        disk: Disk,
    ) -> None:
        ended = False
        while not ended:
            await port.wait()
            # All that is there came together, late or not: it was heard until now.
            data = bytearray()
            try:
                while (frame := port.receive_nowait()) is not None:
                    if isinstance(frame, AudioFrame):
                        data += frame.data
            except EndOfStream:
                ended = True
            if data:
                blocks = timeline.place(side, current_time() - began, data)
                self._give(blocks, disk)

    def _give(self, blocks: Iterable[Block], disk: Disk) -> None:
        for block in blocks:
            if not disk.write(block) and disk.error is None:
                self.report("the disk is too slow: part of the recording is silent")
        self._lost = disk.lost

    def _tell(self, error: OSError | None) -> None:
        if error is not None and error is not self._told:
            self._told = error
            self.report(f"the recording is incomplete: {type(error).__name__}")
            logger.error("the recording %s is incomplete: %s", self.path, error)

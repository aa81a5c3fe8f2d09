"""A WAV file in the place of a person with a microphone.

Why the disk is read as it is: a short recording (up to `MAX_IN_MEMORY`, a minute and a
half of 24 kHz) is read when the box is made: some milliseconds then, and none in the
call. A longer one is read in blocks of a megabyte by a worker thread, one block ahead,
so that a slow disk holds up neither the loop nor the pace; with smaller blocks the
thread would cost more than the reading.

In virtual time (``voxpipe.pipeline.testing``) the clock runs on while a thread works.
Short recordings need no thread and are exact there; a longer one loses no sample, but
may come late by what the others sleep in the meantime.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from os import PathLike
from pathlib import Path
from typing import Literal

from anyio import (
    CancelScope,
    CapacityLimiter,
    create_memory_object_stream,
    create_task_group,
    current_time,
    sleep_until,
)
from anyio.abc import ObjectSendStream

from voxpipe.pipeline import AudioFrame, FormatError, Output, Processor
from voxpipe.pipeline.runtime.threads import run_in_thread
from voxpipe.pipeline.runtime.words import one_of

from .wav import WavHeader, read_header

Pace = Literal["real time", "at once"]

MAX_IN_MEMORY = 4 * 2**20  # bytes; 87 s of pcm16 at 24 kHz, 8 minutes of telephone
BLOCK = 2**20  # bytes; 22 s of pcm16 at 24 kHz
MAX_FRAME = 1.0  # seconds; more is a mistake of units


class WavSource(Processor):
    """Speaks a recording, and ends where it ends.

    What is odd about the file (a header without a length, a torn end) is reported as a
    fault when the box runs; what makes it unreadable is raised here and now.

    Args:
        path: PCM of 8 to 32 bits or floats, which leave as pcm16, or G.711; mono or
            stereo, of any length.
        pace: ``real time`` sends each frame when its last sample would have been
            recorded, without drift; ``at once`` as fast as the readers take them.
        frame: seconds of audio in each frame; the last one may be shorter.
        silence_after: seconds of silence behind the recording, so that whoever waits
            for a pause hears one.

    Raises:
        WiringError: another pace.
        WavError: the file is not WAV, or of a kind that is not read.
        OSError: it cannot be opened.
    """

    heard = Output[AudioFrame]()

    def __init__(
        self,
        path: str | PathLike[str],
        *,
        pace: Pace = "real time",
        frame: float = 0.02,
        silence_after: float = 0.0,
    ) -> None:
        one_of(Pace, pace, "pace")
        if not 0 < frame <= MAX_FRAME or not silence_after >= 0:
            raise FormatError(
                "a frame lasts up to a second and silence is not negative, got "
                f"{frame!r} s and {silence_after!r} s"
            )
        self.path = Path(path)
        self._pace: Pace = pace
        self._whole: bytes | None = None  # too long to be kept
        with open(self.path, "rb") as file:
            self._header = read_header(file)
            if self._header.size <= MAX_IN_MEMORY:
                self._whole = self._header.read(file)
        format = self.heard.format = self._header.format
        self._frame_bytes = max(format.bytes_in(frame), format.sample_bytes)
        self._silence = silence_after
        self._position = 0  # bytes that were sent
        self._began = 0.0
        self._hung_up = False
        self._scope: CancelScope | None = None  # while it speaks

    def __repr__(self) -> str:
        return f"<WavSource {self.name}: {self.path}>"

    @property
    def seconds(self) -> float:
        """How long it lasts, the silence behind it included."""
        return self._header.seconds + self._silence

    def hang_up(self) -> None:
        """End here, and not with the recording; what the agent has to say is said.

        As `Call.hang_up`, for a call of this and a `WavSink`.
        """
        self._hung_up = True
        if self._scope is not None:
            self._scope.cancel()

    async def run(self) -> None:
        """Speak."""
        with CancelScope() as self._scope:
            if not self._hung_up:
                await self._speak()

    async def _speak(self) -> None:
        for oddity in self._header.oddities:
            self.report(f"{self.path.name}: {oddity}")
        self._position, self._began = 0, current_time()
        if self._whole is not None:
            going = await self._send_all(self._whole)
        else:
            going = await self._send_blocks()
        if going and self._silence:
            await self._send_all(self._header.format.silence(self._silence))

    async def _send_blocks(self) -> bool:
        """Play from the disk; ``False`` when nobody listens any more."""
        send, receive = create_memory_object_stream[bytes](0)
        with send, receive:
            async with create_task_group() as tasks:
                tasks.start_soon(self._read_ahead, send)
                async for block in receive:
                    if not await self._send_all(block):
                        tasks.cancel_scope.cancel()
                        return False
        return True

    async def _read_ahead(self, blocks: ObjectSendStream[bytes]) -> None:
        async with blocks:
            header, format = self._header, self._header.format
            frame = self._frame_bytes // format.sample_bytes  # samples
            # No frame across two blocks.
            count = max(BLOCK // header.sample_bytes // frame, 1) * frame
            limiter = CapacityLimiter(1)
            for first in range(0, header.samples, count):
                wanted = min(count, header.samples - first)
                block = await run_in_thread(
                    partial(_read_block, self.path, header, first, wanted),
                    limiter=limiter,
                    name="reading",
                )
                await blocks.send(block)
                there = len(block) // format.sample_bytes
                if there < wanted:
                    self.report(
                        f"{self.path.name} got shorter while it was read: expected "
                        f"{wanted} samples, got {there}"
                    )
                    return

    async def _send_all(self, data: bytes) -> bool:
        for frame in self._cut(data):
            if self._pace == "real time":
                await sleep_until(self._began + frame.end)
            if not await self.heard.send(frame):
                return False
        return True

    def _cut(self, data: bytes) -> Iterator[AudioFrame]:
        format = self._header.format
        for at in range(0, len(data), self._frame_bytes):
            piece = data[at : at + self._frame_bytes]
            start = self._position / format.bytes_per_second
            self._position += len(piece)
            yield AudioFrame(data=piece, format=format, start=start)


def _read_block(path: Path, header: WavHeader, first: int, count: int) -> bytes:
    # Opened anew for each block (22 s): no file is left open by a cancelled run.
    with open(path, "rb") as file:
        return header.read(file, first, count)

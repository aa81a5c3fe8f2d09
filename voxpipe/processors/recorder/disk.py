"""The file of a recording, written by worker threads so that nobody waits for the disk.

What is to be written waits in a bounded queue. When the disk cannot keep up, audio is
replaced by as much silence, and counted: what comes later is still aligned.

The header is brought up to date with each batch, so that after a crash the file plays
up to there. Beyond 4 GB (12 hours) it gives the largest length there is, which players
take for "to the end of the file".
"""

from __future__ import annotations

import struct
import threading
from collections import deque
from contextlib import suppress
from io import RawIOBase

from anyio import CancelScope, CapacityLimiter, to_thread

from voxpipe.pipeline.runtime.threads import run_in_thread
from voxpipe.pipeline.runtime.wakeup import Wakeup

from .timeline import Block

MAX_BLOCKS = 60  # of a second each: a disk may stall for a minute
CLOSE_TIMEOUT = 2.0  # seconds of real time that the end of a run waits for the disk
HEADER = 44  # bytes
STEREO = 4  # bytes of one sample of both sides


class Disk:
    """Writes blocks of stereo pcm16 into a WAV file.

    Args:
        file: unbuffered and empty; closed by `close`.
        rate: samples per second.

    Attributes:
        error: what the disk has failed with; nothing more is written then.
        lost: samples that are silent, or after `close` also those that are missing.

    Raises:
        OSError: the disk is full or broken.
    """

    def __init__(self, file: RawIOBase, rate: int) -> None:
        self.error: OSError | None = None
        self.lost = 0
        self._rate = rate
        self._given = 0  # samples that `write` was given
        self._skipped = 0  # of those, lost since the last block that was kept
        self._blocks: deque[Block] = deque()  # below zero: silence for what was lost
        self._news = Wakeup()
        # Written by the worker threads alone, one at a time:
        self._one_at_a_time = threading.Lock()
        self._size = 0  # bytes of audio in the file
        self._silent = 0  # samples in the file that stand for lost ones
        self._file = file
        try:
            self._note()
        except OSError:
            file.close()
            raise

    def write(self, block: Block) -> bool:
        """Queue ``block``; ``False`` when it is lost."""
        count = block if isinstance(block, int) else len(block) // STEREO
        self._given += count
        if self.error is not None or len(self._blocks) >= MAX_BLOCKS:
            self._skipped += count
            self.lost += count
            return False
        self._mark_skipped()
        self._blocks.append(block)
        self._news.set()
        return True

    def _mark_skipped(self) -> None:
        if self._skipped:
            self._blocks.append(-self._skipped)
            self._skipped = 0

    async def run(self) -> None:
        """Write what is queued, until cancelled, or until there is an `error`."""
        limiter = CapacityLimiter(1)
        while self.error is None:
            await self._news.wait()
            # Left behind on cancel: `close` waits for it, but not for ever.
            await run_in_thread(self._drain, limiter=limiter, name="recording")

    async def close(self, timeout: float = CLOSE_TIMEOUT) -> None:
        """Write what is left, and close; cancellation waits so long for that."""
        self._mark_skipped()
        # A thread of its own, and no timeout of the event loop's: virtual time would
        # be up at once, and a disk that hangs must not keep the process from ending.
        thread = threading.Thread(target=self._finish, name="recording", daemon=True)
        thread.start()
        with CancelScope(shield=True):
            await to_thread.run_sync(thread.join, timeout, limiter=CapacityLimiter(1))
        if thread.is_alive() and self.error is None:
            self.error = TimeoutError("the disk did not answer")
        self.lost = self._given - self._size // STEREO + self._silent

    # --- in a worker thread

    def _drain(self) -> None:
        with self._one_at_a_time:
            try:
                while self._blocks and self.error is None:
                    self._append(self._blocks[0])
                    self._blocks.popleft()
                self._note()
            except OSError as error:
                self.error = self.error or error
                self._blocks.clear()
                with suppress(OSError):
                    self._note()

    def _finish(self) -> None:
        self._drain()
        with self._one_at_a_time, suppress(OSError):
            self._file.close()

    def _append(self, block: Block) -> None:
        if isinstance(block, int):
            self._silent += max(-block, 0)
            self._size += abs(block) * STEREO
        else:
            self._put(HEADER + self._size, block)
            self._size += len(block)

    def _note(self) -> None:
        self._put(0, _header(self._rate, self._size))
        # Silence was only skipped over, and a block that failed may be there in part.
        self._file.truncate(HEADER + self._size)

    def _put(self, at: int, data: bytes) -> None:
        self._file.seek(at)
        rest = memoryview(data)
        while rest:
            rest = rest[self._file.write(rest) or 0 :]


def _header(rate: int, size: int) -> bytes:
    """Source: Microsoft "Multiple Channel Audio Data and WAVE Files" (2007)."""
    most = 0xFFFF_FFFF
    return struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        b"RIFF",
        min(HEADER - 8 + size, most),
        b"WAVE",
        b"fmt ",
        16,
        1,  # PCM
        2,  # channels
        rate,
        rate * STEREO,
        STEREO,
        16,  # bits
        b"data",
        min(size, most),
    )

"""Raw audio through a process's own pipes: standard input, and standard output."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable

from anyio import (
    BrokenResourceError,
    EndOfStream,
    current_time,
    sleep_until,
    wait_readable,
    wait_writable,
)
from anyio.abc import ByteStream
from anyio.lowlevel import checkpoint

from voxpipe.pipeline import AudioFormat, AudioFrame, Intake, TransportError
from voxpipe.processors.audio import Resample

PIECE = 0.04  # seconds that are read at once, at most
AHEAD = 0.2  # seconds by which what is read may be ahead of the time that it lasts
# A pipe that can be written to takes so much without blocking; `man 7 pipe`, PIPE_BUF.
AT_ONCE = 4_096  # bytes


class Pipes(ByteStream):
    """Two file descriptors as one stream of bytes; they stay open, and the caller's.

    What is read is spread over the time that it lasts: a file would all be heard at
    once, and its second sentence would interrupt the answer to the first.

    Args:
        source: to read from: a pipe, a file, a device.
        sink: to write to.
        format: of what is read.
    """

    def __init__(self, source: int, sink: int, format: AudioFormat) -> None:
        self._source = source
        self._sink = sink
        self._speed = format.bytes_per_second
        self._most = max(format.sample_bytes, round(self._speed * PIECE))
        self._due: float | None = None  # when what was read has lasted
        self._begun = False

    async def receive(self, max_bytes: int = 65_536) -> bytes:
        """Read what is there.

        Raises:
            EndOfStream: there will be no more.
            TransportError: it is a WAV file, and no raw audio.
        """
        if self._due is not None:
            await sleep_until(self._due - AHEAD)
        await _when(wait_readable, self._source)
        data = os.read(self._source, min(max_bytes, self._most))
        if not data:
            raise EndOfStream
        if not self._begun and data.startswith((b"RIFF", b"fLaC", b"OggS")):
            raise TransportError(
                "expected raw audio, got the header of a file: arecord takes -t raw, "
                "sox and ffmpeg write it as -t raw and -f s16le"
            )
        self._begun = True
        now = current_time()
        self._due = max(self._due or now, now - AHEAD) + len(data) / self._speed
        return data

    async def send(self, item: bytes) -> None:
        """Write all of it; waits while nobody reads.

        Raises:
            BrokenResourceError: nobody will.
        """
        rest = memoryview(item)
        while rest:
            await _when(wait_writable, self._sink)
            try:
                rest = rest[os.write(self._sink, rest[:AT_ONCE]) :]
            except OSError as error:  # closed, or a disk that is full
                raise BrokenResourceError from error

    async def send_eof(self) -> None:
        """Nothing: the descriptor is the caller's."""

    async def aclose(self) -> None:
        """Nothing: the descriptors are the caller's."""


class AtRate(ByteStream):
    """A stream of pcm16 at one rate, as one at another.

    Args:
        stream: as it comes and goes.
        outside: of it.
        inside: as it is received here, and sent.
    """

    def __init__(
        self, stream: ByteStream, outside: AudioFormat, inside: AudioFormat
    ) -> None:
        self._stream = stream
        self._inside = inside
        # What is no whole sample at the end is lost, and a tenth of a millisecond.
        self._intake = Intake(outside, lambda _: None)
        self._comes, self._goes = Resample(inside.rate), Resample(outside.rate)

    async def receive(self, max_bytes: int = 65_536) -> bytes:
        """As `Pipes.receive`."""
        while True:
            frame = self._intake.feed(await self._stream.receive())
            if frame is not None:
                data = b"".join(each.data for each in self._comes.feed(frame))
                if data:
                    return data

    async def send(self, item: bytes) -> None:
        """As `Pipes.send`."""
        frame = AudioFrame(data=item, format=self._inside)
        for each in self._goes.feed(frame):
            await self._stream.send(each.data)

    async def send_eof(self) -> None:
        """As `Pipes.send_eof`."""
        await self._stream.send_eof()

    async def aclose(self) -> None:
        """As `Pipes.aclose`."""
        await self._stream.aclose()


async def _when(ready: Callable[[int], Awaitable[None]], descriptor: int) -> None:
    """Wait for a pipe or a device; a file, which cannot be waited for, always is."""
    try:
        await ready(descriptor)
    except PermissionError:  # EPERM of epoll(7)
        await checkpoint()

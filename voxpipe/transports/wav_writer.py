"""A writer of WAV files that a crash cannot spoil.

The header is brought up to date once a second, so that a file whose program died plays
up to its last second everywhere, and to its end with a reader that does not trust it,
as ours.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Generator
from contextlib import contextmanager
from typing import BinaryIO, Self

from anyio import ContextManagerMixin

from voxpipe.pipeline import AudioFormat, Encoding, FormatError

from .wav_extent import UNKNOWN

_TAGS: dict[Encoding, int] = {"pcm16": 1, "alaw": 6, "ulaw": 7}


class WavWriter(ContextManagerMixin):
    """Writes audio into an open binary file, which stays open and the caller's.

    It blocks no longer than the page cache does. What was written more than a second of
    audio ago survives the program (not the machine: there is no fsync). Beyond 4 GB the
    header says "to the end of the file".

    Args:
        file: opened for writing, at its start; a pipe gets a header without a length.
        format: of what will be written.
    """

    def __init__(self, file: BinaryIO, format: AudioFormat) -> None:
        self.format = format
        self._file = file
        self._size = 0
        self._noted = 0  # bytes that the header in the file tells of
        size = 0 if file.seekable() else UNKNOWN
        file.write(header_bytes(format, size))

    def __repr__(self) -> str:
        return f"<WavWriter {self.format}, {self.seconds:.1f} s>"

    @property
    def seconds(self) -> float:
        """How much was written."""
        return self._size / self.format.bytes_per_second

    def write(self, data: bytes) -> None:
        """Append whole samples.

        Raises:
            FormatError: these are not whole samples.
        """
        if len(data) % self.format.sample_bytes:
            raise FormatError(
                f"{len(data)} bytes are not a whole number of samples of {self.format}"
            )
        self._file.write(data)
        self._size += len(data)
        if self._size - self._noted >= self.format.bytes_per_second:
            self._note()

    def close(self) -> None:
        """Make the header final; nothing can be written after that."""
        if self._size % 2:
            self._file.write(b"\0")  # chunks have even lengths; it is not counted
        self._note()

    def _note(self) -> None:
        self._noted = self._size
        if self._file.seekable():
            self._file.seek(0)
            self._file.write(header_bytes(self.format, self._size))
            self._file.seek(0, os.SEEK_END)
        self._file.flush()

    @contextmanager
    def __contextmanager__(self) -> Generator[Self]:
        try:
            yield self
        finally:
            self.close()


def header_bytes(format: AudioFormat, size: int) -> bytes:
    """All that stands in front of ``size`` bytes of audio."""
    tag, width = _TAGS[format.encoding], format.sample_bytes
    bits = 8 * width // format.channels
    rates = (format.rate, format.bytes_per_second)
    body = struct.pack("<HHIIHH", tag, format.channels, *rates, width, bits)
    chunks = _chunk(b"fmt ", body)
    if format.encoding != "pcm16":  # all but PCM have an extension and a "fact"
        fact = struct.pack("<I", min(size // width, UNKNOWN))
        chunks = _chunk(b"fmt ", body + bytes(2)) + _chunk(b"fact", fact)
    riff = min(4 + len(chunks) + 8 + size + size % 2, UNKNOWN)
    data = struct.pack("<4sI", b"data", min(size, UNKNOWN))
    return struct.pack("<4sI4s", b"RIFF", riff, b"WAVE") + chunks + data


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack("<4sI", kind, len(body)) + body

"""A reader of WAV files that trusts no header.

It looks at chunk headers, some hundred bytes of any file, and at its last 64 KiB where
they do not tell the truth. How much audio there is, the file decides
(``wav_extent.py``); what is not 16 bits is read as such (``wav_coding.py``).

Source: Microsoft/IBM "Multimedia Programming Interface and Data Specifications 1.0"
(1991) for RIFF, Microsoft "Multiple Channel Audio Data and WAVE Files" (2007) for
WAVE_FORMAT_EXTENSIBLE.
"""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import IO

from voxpipe.pipeline import AudioFormat, FormatError, TransportError

from .wav_coding import NAMES, Coding, coding_of
from .wav_cure import convert, kind_of, name_of
from .wav_extent import audio_size

MAX_LOADED = 64 * 2**20  # bytes that `read_wav` loads; 23 minutes of 24 kHz
MAX_CHUNKS = 1_000  # real files have ten; a hostile one could have 250 million
EXTENSIBLE = 0xFFFE
# What follows the format tag in a KSDATAFORMAT_SUBTYPE GUID.
GUID_TAIL = bytes.fromhex("000000001000800000aa00389b71")


class WavError(TransportError):
    """No WAV file, or WAV of a kind that is not read; says how to convert it."""


@dataclass(frozen=True, slots=True)
class WavHeader:
    """What a WAV file says, and what of it is true.

    Attributes:
        format: in which its samples are read; pcm16 for PCM of all widths and floats.
        begins: position of the first sample in the file, in bytes.
        size: bytes of audio that are there in the file, in whole samples.
        coding: how samples lie there.
        oddities: where header and file disagree; for people.
    """

    format: AudioFormat
    begins: int
    size: int
    coding: Coding
    oddities: tuple[str, ...] = ()

    @property
    def sample_bytes(self) -> int:
        """Bytes of one sample of every channel in the file."""
        return self.coding.width * self.format.channels

    @property
    def seconds(self) -> float:
        """How long it plays."""
        return self.samples / self.format.rate

    @property
    def samples(self) -> int:
        """How many samples of each channel there are."""
        return self.size // self.sample_bytes

    def read(self, file: IO[bytes], first: int = 0, count: int | None = None) -> bytes:
        """Audio in `format`; less if the file has become shorter.

        Args:
            file: the one that the header is of; left behind what was read.
            first: how many samples of each channel to skip.
            count: how many to read; by default all.
        """
        width = self.sample_bytes
        count = self.samples - first if count is None else count
        file.seek(self.begins + first * width)
        data = file.read(count * width)
        return self.coding.read(data[: len(data) - len(data) % width])


def read_header(file: IO[bytes]) -> WavHeader:
    """Find the audio in a WAV file.

    Args:
        file: seekable; left anywhere.

    Raises:
        WavError: not a WAV file, a damaged one, or one of a kind that is not read.
    """
    try:
        return _read_header(file)
    except WavError as error:
        name = name_of(file)
        raise WavError(f"{name}: {error}" if name else str(error)) from None


def read_wav(path: str | Path | Traversable) -> tuple[AudioFormat, bytes]:
    """A whole, short recording; for long ones there is `WavSource`.

    Raises:
        WavError: as for `read_header`, or the file holds more than 64 MB of audio.
        OSError: it cannot be opened.
    """
    path = Path(path) if isinstance(path, str) else path
    with path.open("rb") as file:
        header = read_header(file)
        if header.size > MAX_LOADED:
            raise WavError(
                f"expected up to {MAX_LOADED} bytes of audio, {path.name} has "
                f"{header.size}: play it with WavSource, which does not load it"
            )
        return header.format, header.read(file)


def _read_header(file: IO[bytes]) -> WavHeader:
    if not file.seekable():
        raise WavError("a WAV file must be seekable, this is a pipe: save it first")
    length = file.seek(0, os.SEEK_END)
    file.seek(0)
    _check_riff(file)
    oddities: list[str] = []
    format: tuple[AudioFormat, Coding] | None = None
    data: tuple[int, int] | None = None
    at = 12
    for _ in range(MAX_CHUNKS):
        file.seek(at)
        head = file.read(8)
        if len(head) < 8:
            break
        kind, size = struct.unpack("<4sI", head)
        at += 8
        if kind == b"fmt " and format is None:
            format = _parse_format(file, size)
        elif kind == b"data" and data is None:
            size = audio_size(file, at, size, length, oddities)
            data = at, size
        if format is not None and data is not None:
            return _header(*format, *data, oddities)
        at += size
        if size & 1:
            file.seek(at)
            at += file.read(1) == b"\0"  # some writers forget to pad; no id begins so
    missing = "data" if format is not None else "fmt"
    raise WavError(f"expected a WAV file with a {missing!r} chunk, this one has none")


def _check_riff(file: IO[bytes]) -> None:
    start = file.read(12)
    if start[:4] == b"RIFF" and start[8:12] == b"WAVE":
        return
    if not start:
        raise WavError("expected a WAV file, this one is empty (0 bytes)")
    kind = kind_of(start)
    if kind is not None:
        raise WavError(f"expected a WAV file, found {kind}: {convert(file)}")
    raise WavError(
        "expected a WAV file (RIFF, then WAVE), found one that begins with "
        f"{start[:4].hex(' ')}; if there is sound in it, {convert(file)}"
    )


def _parse_format(file: IO[bytes], size: int) -> tuple[AudioFormat, Coding]:
    body = file.read(min(size, 40))
    if len(body) < 16:
        raise WavError(f"expected a 'fmt ' chunk of 16 bytes or more, not {len(body)}")
    tag, channels, rate, _, block, bits = struct.unpack_from("<HHIIHH", body)
    if tag == EXTENSIBLE:
        if len(body) < 40 or body[26:40] != GUID_TAIL:
            raise WavError(
                f"expected a standard sub-format, found another: {convert(file)}"
            )
        tag = int.from_bytes(body[24:26], "little")
    coding = coding_of(tag, bits)
    if coding is None:
        kind = NAMES.get(tag, f"format {tag:#06x}")
        raise WavError(
            f"expected PCM, floats or G.711, found {bits}-bit {kind}: {convert(file)}"
        )
    if channels not in (1, 2):
        raise WavError(
            f"expected 1 or 2 channels, found {channels}: mix them down with "
            f"{convert(file, '-ac 1')}"
        )
    try:
        format = AudioFormat(coding.encoding, rate, channels)
    except FormatError as error:
        cure = convert(file, "-ar 48000")
        raise WavError(f"{error}: {cure}, unless the header is damaged") from None
    if block != coding.width * channels:
        raise WavError(
            f"expected {coding.width * channels} bytes a sample of {bits} bits and "
            f"{channels} channels, the header says {block}: it is damaged"
        )
    return format, coding


def _header(
    format: AudioFormat, coding: Coding, begins: int, size: int, oddities: list[str]
) -> WavHeader:
    whole = size - size % (coding.width * format.channels)
    if whole < size:
        oddities.append(f"the audio ends within a sample; {size - whole} bytes dropped")
    return WavHeader(format, begins, whole, coding, tuple(oddities))

"""WAV files: a reader that trusts no header, and a writer that a crash cannot spoil.

Both work on an open binary file and are pure otherwise. Reading looks at chunk headers
only; how much audio there is, the file decides and not its header. Writing brings the
header up to date once a second, so that a file whose program died plays up to the end.

Source: Microsoft/IBM "Multimedia Programming Interface and Data Specifications 1.0"
(1991) for RIFF, Microsoft "Multiple Channel Audio Data and WAVE Files" (2007) for
WAVE_FORMAT_EXTENSIBLE.
"""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from types import TracebackType
from typing import BinaryIO, Self

from voxpipe.pipeline import AudioFormat, Encoding, FormatError, TransportError

MOST_CHUNKS = 1_000  # real files have ten; a hostile one could have 250 million
UNKNOWN = 0xFFFF_FFFF  # the length that recorders write who cannot go back
EXTENSIBLE = 0xFFFE
# What follows the format tag in a KSDATAFORMAT_SUBTYPE GUID.
GUID_TAIL = bytes.fromhex("000000001000800000aa00389b71")

_ENCODINGS: dict[tuple[int, int], Encoding] = {
    (1, 16): "pcm16",
    (6, 8): "alaw",
    (7, 8): "ulaw",
}
_TAGS: dict[Encoding, int] = {"pcm16": 1, "alaw": 6, "ulaw": 7}
_NAMES = {
    1: "PCM",
    2: "MS ADPCM",
    3: "float",
    6: "A-law",
    7: "μ-law",
    17: "IMA ADPCM",
    0x31: "GSM 6.10",
    0x50: "MPEG",
    0x55: "MP3",
    0xFF: "AAC",
}
_OTHER_FILES = {
    b"ID3": "MP3",
    b"\xff\xfb": "MP3",
    b"OggS": "Ogg",
    b"fLaC": "FLAC",
    b"FORM": "AIFF",
    b".snd": "Sun audio",
    b"caff": "Core Audio",
    b"RIFX": "big-endian WAV",
    b"RF64": "RF64 (a WAV beyond 4 GB)",
}
_CURE = (
    "convert it with `sox in.wav -b 16 -e signed-integer out.wav` or "
    "`ffmpeg -i in.wav -c:a pcm_s16le out.wav`"
)


class WavError(TransportError):
    """No WAV file, or WAV of a kind that is not read; says how to convert it."""


@dataclass(frozen=True, slots=True)
class WavHeader:
    """What a WAV file says, and what of it is true.

    Attributes:
        format: of the samples.
        begins: position of the first sample in the file, in bytes.
        size: bytes of audio that are there, in whole samples.
        oddities: where header and file disagree; for people.
    """

    format: AudioFormat
    begins: int
    size: int
    oddities: tuple[str, ...] = ()

    @property
    def seconds(self) -> float:
        """How long it plays."""
        return self.size / self.format.bytes_per_second


def read_header(file: BinaryIO) -> WavHeader:
    """Find the audio in a WAV file; reads some hundred bytes, whatever it says.

    Args:
        file: seekable; left anywhere.

    Raises:
        WavError: not a WAV file, a damaged one, or one of a kind that is not read.
    """
    if not file.seekable():
        raise WavError("a WAV file must be seekable, this is a pipe: save it first")
    length = file.seek(0, os.SEEK_END)
    file.seek(0)
    _check_riff(file.read(12))
    oddities: list[str] = []
    format: AudioFormat | None = None
    data: tuple[int, int] | None = None
    at = 12
    for _ in range(MOST_CHUNKS):
        file.seek(at)
        head = file.read(8)
        if len(head) < 8:
            break
        kind, size = struct.unpack("<4sI", head)
        at += 8
        if kind == b"fmt " and format is None:
            format = _parse_format(file.read(min(size, 40)))
        elif kind == b"data" and data is None:
            size = _size_of_data(file, at, size, length, oddities)
            data = at, size
        if format is not None and data is not None:
            return _header(format, *data, oddities)
        at += size
        if size & 1:
            file.seek(at)
            at += file.read(1) == b"\0"  # some writers forget to pad; no id begins so
    missing = "data" if format is not None else "fmt"
    raise WavError(f"expected a WAV file with a {missing!r} chunk, this one has none")


def _check_riff(start: bytes) -> None:
    if start[:4] == b"RIFF" and start[8:12] == b"WAVE":
        return
    for magic, name in _OTHER_FILES.items():
        if start.startswith(magic):
            raise WavError(f"expected a WAV file, found {name}: {_CURE}")
    raise WavError(
        f"expected a WAV file (RIFF…WAVE), found {len(start)} bytes that begin with "
        f"{start[:4].hex(' ') or 'nothing'}"
    )


def _parse_format(body: bytes) -> AudioFormat:
    if len(body) < 16:
        raise WavError(f"expected a 'fmt ' chunk of 16 bytes or more, not {len(body)}")
    tag, channels, rate, _, block, bits = struct.unpack_from("<HHIIHH", body)
    if tag == EXTENSIBLE:
        if len(body) < 40 or body[26:40] != GUID_TAIL:
            raise WavError(f"expected a standard sub-format, found another: {_CURE}")
        tag = int.from_bytes(body[24:26], "little")
    encoding = _ENCODINGS.get((tag, bits))
    if encoding is None:
        name = _NAMES.get(tag, f"format {tag:#06x}")
        raise WavError(
            f"expected 16-bit PCM or 8-bit G.711, found {bits}-bit {name}: {_CURE}"
        )
    if channels not in (1, 2):
        raise WavError(
            f"expected 1 or 2 channels, found {channels}: mix them down with "
            "`sox in.wav -c 1 out.wav` or `ffmpeg -i in.wav -ac 1 out.wav`"
        )
    try:
        format = AudioFormat(encoding, rate, channels)
    except FormatError as error:
        raise WavError(f"{error}: is the header damaged?") from None
    if block != format.sample_bytes:
        raise WavError(
            f"expected {format.sample_bytes} bytes a sample of {format}, the header "
            f"says {block}: it is damaged"
        )
    return format


def _size_of_data(
    file: BinaryIO, at: int, size: int, length: int, oddities: list[str]
) -> int:
    there = max(length - at, 0)
    if size == UNKNOWN or (not size and there and not _is_chunk(file, at, length)):
        oddities.append(f"the header gives no length; read to the end, {there} bytes")
        return there
    if size > there:
        oddities.append(f"the header promises {size} bytes of audio, {there} are there")
        return there
    return size


def _is_chunk(file: BinaryIO, at: int, length: int) -> bool:
    file.seek(at)
    head = file.read(8)
    if len(head) < 8:
        return False
    kind, size = struct.unpack("<4sI", head)
    return all(0x20 <= byte < 0x7F for byte in kind) and at + 8 + size <= length


def _header(
    format: AudioFormat, begins: int, size: int, oddities: list[str]
) -> WavHeader:
    whole = size - size % format.sample_bytes
    if whole < size:
        oddities.append(f"the audio ends within a sample; {size - whole} bytes dropped")
    return WavHeader(format, begins, whole, tuple(oddities))


class WavWriter:
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

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
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

"""A reader of WAV files that trusts no header.

It looks at chunk headers only, some hundred bytes of any file. How much audio there is,
the file decides and not its header: recorders that were killed, or wrote into a pipe,
have left lengths of 0, 4 GB or anything.

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

from voxpipe.pipeline import AudioFormat, Encoding, FormatError, TransportError

MAX_LOADED = 64 * 2**20  # bytes that `read_wav` loads; 23 minutes of 24 kHz
MAX_CHUNKS = 1_000  # real files have ten; a hostile one could have 250 million
UNKNOWN = 0xFFFF_FFFF  # the length that recorders write who cannot go back
EXTENSIBLE = 0xFFFE
# What follows the format tag in a KSDATAFORMAT_SUBTYPE GUID.
GUID_TAIL = bytes.fromhex("000000001000800000aa00389b71")

_ENCODINGS: dict[tuple[int, int], Encoding] = {
    (1, 16): "pcm16",
    (6, 8): "alaw",
    (7, 8): "ulaw",
}
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


def read_header(file: IO[bytes]) -> WavHeader:
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
    for _ in range(MAX_CHUNKS):
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


def read_wav(path: Path | Traversable) -> tuple[AudioFormat, bytes]:
    """A whole, short recording; for long ones there is `WavSource`.

    Raises:
        WavError: as for `read_header`, or the file holds more than 64 MB of audio.
        OSError: it cannot be opened.
    """
    with path.open("rb") as file:
        header = read_header(file)
        if header.size > MAX_LOADED:
            raise WavError(
                f"expected up to {MAX_LOADED} bytes of audio, {path.name} has "
                f"{header.size}: play it with WavSource, which does not load it"
            )
        file.seek(header.begins)
        return header.format, file.read(header.size)


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
    file: IO[bytes], at: int, size: int, length: int, oddities: list[str]
) -> int:
    there = max(length - at, 0)
    if size == UNKNOWN or (not size and there and not _is_chunk(file, at, length)):
        oddities.append(f"the header gives no length; read to the end, {there} bytes")
        return there
    if size > there:
        oddities.append(f"the header promises {size} bytes of audio, {there} are there")
        return there
    return size


def _is_chunk(file: IO[bytes], at: int, length: int) -> bool:
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

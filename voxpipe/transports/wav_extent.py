"""Where the audio of a WAV file ends: the file decides, and not its header.

Recorders that were killed, or wrote into a pipe, leave lengths of 0, 4 GB, or what was
true a second before. So what the header says is believed only if the file ends there,
or another chunk begins; if not, the audio goes on to the end of the file, or to the
chunks that stand there: a title is not to be heard as a click.
"""

from __future__ import annotations

import re
import struct
from typing import IO

UNKNOWN = 0xFFFF_FFFF  # the length that recorders write who cannot go back
_TAIL = 65_536  # bytes from the end in which chunks behind the audio are looked for
_MAX_CHUNKS = 16  # behind the audio; real files have three
_MAX_TRIED = 64  # places that look like a chunk; more is a hostile file
_ID3V1 = 128  # bytes, the last ones: a title as MP3 files have it
# Chunks that stand behind audio, of those that are written at all.
_KNOWN = (
    b"LIST|fmt |fact|data|JUNK|junk|PAD |FLLR|bext|iXML|axml|aXML|cue |plst|smpl|inst|"
    b"acid|strc|DISP|PEAK|levl|chna|cart|LGWV|SAUR|afsp|ID3 |id3 |_PMX|XMP_|MD5 |umid"
)
_IDS = re.compile(_KNOWN)


def audio_size(
    file: IO[bytes], at: int, size: int, length: int, oddities: list[str]
) -> int:
    """How many bytes of audio there really are.

    Args:
        file: left anywhere.
        at: where the audio begins.
        size: how long it is as the header has it.
        length: of the file.
        oddities: told if the header is wrong.
    """
    there = max(length - at, 0)
    if size == there or (size < there and _ends(file, at + size, length)):
        return size
    real = max(_end(file, at, length) - at, 0)
    if size == UNKNOWN or not size:
        oddities.append(f"the header gives no length; read to the end, {real} bytes")
    elif size != real:
        oddities.append(f"the header promises {size} bytes of audio, {real} are there")
    return real


def _ends(file: IO[bytes], at: int, length: int) -> bool:
    """Whether audio can end here."""
    file.seek(at)
    head = file.read(5)
    if head in (b"", b"\0"):
        return True
    for pad in range(1 + head.startswith(b"\0")):  # some writers forget it
        kind = head[pad : pad + 4]
        if _IDS.fullmatch(kind) or _are_chunks(file, at + pad, length):
            return True
    return length - at == _ID3V1 and head.startswith(b"TAG")


def _end(file: IO[bytes], at: int, length: int) -> int:
    """Where the audio ends of which nobody says how long it is."""
    begins = max(at, length - _TAIL)
    file.seek(begins)
    tail = file.read(length - begins)
    if tail[-_ID3V1:].startswith(b"TAG") and len(tail) >= _ID3V1:
        return length - _ID3V1
    for tried, found in enumerate(_IDS.finditer(tail)):
        if tried == _MAX_TRIED:
            break
        if _are_chunks(file, begins + found.start(), length):
            return begins + found.start()
    return length


def _are_chunks(file: IO[bytes], at: int, length: int) -> bool:
    """Whether from here to the end of the file there is one chunk after another."""
    for _ in range(_MAX_CHUNKS):
        file.seek(at)
        head = file.read(8)
        if len(head) < 8:
            return False
        kind, size = struct.unpack("<4sI", head)
        if not all(0x20 <= byte < 0x7F for byte in kind):
            return False
        at += 8 + size + size % 2
        if at in (length, length + 1):  # the last pad may be missing
            return True
    return False

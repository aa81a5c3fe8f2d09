"""What a file is that is no WAV file, and the command that makes one of it."""

from __future__ import annotations

import os
import shlex
from typing import IO, Any

_BEGINNINGS = {
    b"ID3": "MP3",
    b"OggS": "Ogg",
    b"fLaC": "FLAC",
    b".snd": "Sun audio",
    b"caff": "Core Audio (CAF)",
    b"#!AMR": "AMR",
    b"\x1aE\xdf\xa3": "WebM or Matroska",
    b"0&\xb2u": "WMA",
    b"riff": "Wave64 (W64)",
    b"RIFX": "big-endian WAV (RIFX)",
    b"RF64": "RF64, a WAV beyond 4 GB",
    b"BW64": "BW64, a WAV beyond 4 GB",
}


def name_of(file: IO[Any]) -> str:
    """What an open file is called, as it was opened; empty if nobody knows."""
    name = getattr(file, "name", "")
    return os.fsdecode(name) if isinstance(name, str | bytes) else ""


def kind_of(start: bytes) -> str | None:
    """What else begins with these 12 bytes; ``None``: nobody knows."""
    for beginning, name in _BEGINNINGS.items():
        if start.startswith(beginning):
            return name
    if start[4:8] == b"ftyp":
        return "M4A or MP4"
    if start[:4] == b"FORM" and start[8:11] == b"AIF":
        return "AIFF"
    if len(start) > 1 and start[0] == 0xFF and start[1] & 0xE0 == 0xE0:
        # The 11 bits of a frame of MPEG audio; then version and layer, 0 for AAC.
        return "MP3" if start[1] & 0x06 else "AAC"
    return None


def convert(file: IO[Any], options: str = "") -> str:
    """The command that makes a WAV file of almost anything with sound in it."""
    name = shlex.quote(name_of(file) or "in")
    return f"`ffmpeg -i {name}{options and f' {options}'} -c:a pcm_s16le out.wav`"

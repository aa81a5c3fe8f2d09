"""How samples lie in a WAV file, and how they are read: as they are, or as 16 bits.

Recorders for music write 24 bits or floats, old ones 8. Whoever speaks is heard as well
in 16, and the rest of a pipeline need know no more than these.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from voxpipe.pipeline import Encoding

PCM, FLOAT, ALAW, ULAW = 1, 3, 6, 7  # the format tags that are read
NAMES = {
    PCM: "PCM",
    2: "MS ADPCM",
    FLOAT: "float",
    ALAW: "A-law",
    ULAW: "mu-law",
    17: "IMA ADPCM",
    0x31: "GSM 6.10",
    0x50: "MPEG",
    0x55: "MP3",
    0xFF: "AAC",
}


@dataclass(frozen=True, slots=True)
class Coding:
    """One way to write samples down.

    Attributes:
        encoding: what they are when they were read.
        width: bytes of a sample of one channel in the file.
        read: whole samples of the file, as ``encoding``.
    """

    encoding: Encoding
    width: int
    read: Callable[[bytes], bytes]


def coding_of(tag: int, bits: int) -> Coding | None:
    """The coding of a format tag and a number of bits; ``None``: it is not read."""
    if tag == PCM and 0 < bits <= 32:
        # Fewer bits than fill their bytes are the upper ones: 12 are read as 16.
        return _PCM[(bits + 7) // 8]
    return _OTHERS.get((tag, bits))


def _from_8_bits(data: bytes) -> bytes:
    wide = bytearray(2 * len(data))
    wide[1::2] = data.translate(_SIGNED)
    return bytes(wide)


# 8-bit PCM alone is unsigned: 128 is silence.
_SIGNED = bytes(value ^ 0x80 for value in range(256))


def _upper_bits(data: bytes, width: int) -> bytes:
    narrow = bytearray(len(data) // width * 2)
    narrow[0::2] = data[width - 2 :: width]
    narrow[1::2] = data[width - 1 :: width]
    return bytes(narrow)


def _from_floats(data: bytes, kind: str) -> bytes:
    import numpy as np  # 60 ms and 20 MB, which most recordings do not need

    from voxpipe.pipeline.samples import FULL_SCALE, to_int16

    values = np.frombuffer(data, kind).astype(np.float64)
    np.nan_to_num(values, copy=False, posinf=1.0, neginf=-1.0)  # damage: silence
    return to_int16(values * FULL_SCALE).tobytes()


_PCM = {
    1: Coding("pcm16", 1, _from_8_bits),
    2: Coding("pcm16", 2, bytes),  # as they are
    3: Coding("pcm16", 3, partial(_upper_bits, width=3)),
    4: Coding("pcm16", 4, partial(_upper_bits, width=4)),
}
_OTHERS = {
    (ALAW, 8): Coding("alaw", 1, bytes),
    (ULAW, 8): Coding("ulaw", 1, bytes),
    (FLOAT, 32): Coding("pcm16", 4, partial(_from_floats, kind="<f4")),
    (FLOAT, 64): Coding("pcm16", 8, partial(_from_floats, kind="<f8")),
}

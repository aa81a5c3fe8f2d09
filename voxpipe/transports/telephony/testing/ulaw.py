"""Mu-law as far as a caller needs it: to make it, and to find speech in it.

Written apart from ``voxpipe.processors.audio.g711``, which transports do not import,
and with another method: each can judge the other.
"""

from __future__ import annotations

import sys
from array import array

from voxpipe.transports.telephony.loudness import BIAS, QUIET

_LARGEST = 32767 - BIAS  # what the last interval holds in 16 bits


def first_loud(ulaw: bytes) -> int:
    """How many samples pass before the first loud one; -1 if none is."""
    rest = len(ulaw.lstrip(QUIET))
    return len(ulaw) - rest if rest else -1


def compressed(pcm: bytes) -> bytes:
    """Samples of 16 bits, little-endian, as mu-law."""
    samples = array("h", pcm)
    if sys.byteorder == "big":
        samples.byteswap()
    return bytes(map(_code, samples))


def _code(sample: int) -> int:
    sign = 0x80 if sample < 0 else 0
    magnitude = min(abs(sample), _LARGEST) + BIAS
    segment = magnitude.bit_length() - 8
    return (sign | segment << 4 | magnitude >> segment + 3 & 0b1111) ^ 0xFF

"""Mu-law as far as a caller needs it: to make it, and to tell speech from silence.

Loud is what exceeds -40 dBFS: ordinary speech on a telephone is 20 dB above that, and
the noise of a quiet line 10 dB below. A frame is loud when a tenth of its samples are.

Written apart from ``voxpipe.processors.audio.g711``, which transports do not import,
and with another method: each can judge the other.

Source: ITU-T G.711 (11/88), table 2a: a segment doubles the interval; with a bias of
33 (132 in 16 bits) the segment is the position of the highest bit.
"""

from __future__ import annotations

import sys
from array import array

_BIAS = 132
_LARGEST = 32767 - _BIAS  # what the last interval holds in 16 bits
_LOUD = 328  # of 32,768: -40 dBFS
_TENTH = 10


def expanded(code: int) -> int:
    """The sample that a code stands for, in 16 bits."""
    code ^= 0xFF
    segment = code >> 4 & 0b111
    magnitude = ((code & 0b1111) * 8 + _BIAS << segment) - _BIAS
    return -magnitude if code & 0x80 else magnitude


QUIET = bytes(code for code in range(256) if abs(expanded(code)) < _LOUD)
"""The codes that are not loud."""


def is_loud(ulaw: bytes) -> bool:
    """Whether somebody speaks in it."""
    return len(ulaw.translate(None, QUIET)) * _TENTH >= len(ulaw) > 0


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
    magnitude = min(abs(sample), _LARGEST) + _BIAS
    segment = magnitude.bit_length() - 8
    return (sign | segment << 4 | magnitude >> segment + 3 & 0b1111) ^ 0xFF

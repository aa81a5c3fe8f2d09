"""Telephone audio as far as a caller needs it: to make it, and to find speech in it.

Written apart from ``voxpipe.processors.audio.g711``, which transports do not import,
and with another method: each can judge the other.
"""

from __future__ import annotations

import sys
from array import array
from bisect import bisect_left

from voxpipe.pipeline import Encoding
from voxpipe.transports.telephony.loudness import (
    BIAS,
    QUIET,
    QUIET_ALAW,
    QUIET_HIGH,
    alaw_expanded,
)

_QUIET = {"ulaw": QUIET, "alaw": QUIET_ALAW, "pcm16": QUIET_HIGH}
_LARGEST = 32767 - BIAS  # what the last interval holds in 16 bits


def first_loud(data: bytes, encoding: Encoding = "ulaw") -> int:
    """How many samples pass before the first loud one; -1 if none is."""
    if encoding == "pcm16":
        data = data[1::2]
    rest = len(data.lstrip(_QUIET[encoding]))
    return len(data) - rest if rest else -1


def compressed(pcm: bytes, encoding: Encoding = "ulaw") -> bytes:
    """Samples of 16 bits, little-endian, in another encoding."""
    if encoding == "pcm16":
        return pcm
    samples = array("h", pcm)
    if sys.byteorder == "big":
        samples.byteswap()
    return bytes(map(_code if encoding == "ulaw" else _alaw_code, samples))


def _code(sample: int) -> int:
    sign = 0x80 if sample < 0 else 0
    magnitude = min(abs(sample), _LARGEST) + BIAS
    segment = magnitude.bit_length() - 8
    return (sign | segment << 4 | magnitude >> segment + 3 & 0b1111) ^ 0xFF


def _alaw_code(sample: int) -> int:
    # By looking for the nearest: it is for tests, and knows no more than the decoder.
    at = bisect_left(_ALAW_VALUES, sample)
    near = range(max(0, at - 1), min(at + 1, len(_ALAW_VALUES)))
    return _ALAW[min(near, key=lambda each: abs(_ALAW_VALUES[each] - sample))]


_ALAW = sorted(range(256), key=alaw_expanded)
_ALAW_VALUES = [alaw_expanded(code) for code in _ALAW]

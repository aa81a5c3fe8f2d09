"""Telephone audio to and from linear samples, by table.

Source: ITU-T G.711 (11/1988), tables 1a to 2b.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.int16]


def _ulaw_table() -> Samples:
    code = ~np.arange(256) & 0xFF
    magnitude = (((code & 0x0F) << 3) + 0x84 << (code >> 4 & 0x07)) - 0x84
    return np.where(code & 0x80, -magnitude, magnitude).astype(np.int16)


def _alaw_table() -> Samples:
    code = np.arange(256) ^ 0x55
    segment, mantissa = code >> 4 & 0x07, (code & 0x0F) << 4
    shifted = mantissa + 0x108 << np.maximum(segment - 1, 0)
    magnitude = np.where(segment == 0, mantissa + 8, shifted)
    return np.where(code & 0x80, magnitude, -magnitude).astype(np.int16)


_DECODE = {"ulaw": _ulaw_table(), "alaw": _alaw_table()}


def decode(data: bytes, law: str) -> Samples:
    """16-bit samples, one for each byte of ``data``; ``law`` is ulaw or alaw."""
    return _DECODE[law][np.frombuffer(data, np.uint8)]


def encode(samples: Samples, law: str) -> bytes:
    """One byte for each sample: the code whose value lies nearest."""
    table = _DECODE[law].astype(np.int32)
    order = np.argsort(table, kind="stable")
    values = table[order]
    middles = (values[1:] + values[:-1] + 1) // 2
    places = np.searchsorted(middles, samples, side="right")
    return order[places].astype(np.uint8).tobytes()

"""How loud a block is, for whoever looks: reckoned when asked, not for each block."""

from __future__ import annotations

from math import log10

SILENT = -96.0  # dBFS; 16 bits have no less


def level(block: bytes) -> float:
    """The loudest sample of pcm16, in dB below full scale."""
    samples = memoryview(block).cast("h")
    peak = max(max(samples), -min(samples)) if len(samples) else 0
    return 20 * log10(peak / 32_768) if peak else SILENT

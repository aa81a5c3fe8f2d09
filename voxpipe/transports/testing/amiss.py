"""What is wrong with audio that has come. No I/O."""

from __future__ import annotations

from voxpipe.pipeline import AudioFormat


def amiss(got: bytes, format: AudioFormat, *wanted: bytes) -> str:
    """What is wrong with ``got``: empty if it is ``wanted``, and silence around it."""
    silence, at = set(format.silence(0.02)), 0
    rest = bytearray()
    for each in wanted:
        found = got.find(each, at)
        if found < 0:
            came = _common(got[at:], each)
            per = format.bytes_per_second
            return (
                f"{len(got) / per:.2f} s of audio, of {sum(map(len, wanted)) / per:.2f}"
                f" s that were sent; the first {came / per:.2f} s are right"
            )
        rest += got[at:found]
        at = found + len(each)
    rest += got[at:]
    if set(rest) <= silence:
        return ""
    return f"{len(rest) / format.bytes_per_second:.2f} s of audio that nobody had sent"


def _common(got: bytes, wanted: bytes) -> int:
    """How many bytes at the start are the same."""
    both = zip(got, wanted, strict=False)
    return next(
        (at for at, (one, other) in enumerate(both) if one != other),
        min(len(got), len(wanted)),
    )

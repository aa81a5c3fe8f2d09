"""Whether somebody speaks in telephone audio, as far as a byte string's methods tell.

Loud is what exceeds -40 dBFS: ordinary speech on a telephone is 20 dB above that, and
the noise of a quiet line 10 dB below. A frame is loud when a tenth of its samples are.
That takes half a microsecond for 20 ms; to tell speech from loud music or from traffic
takes a `Vad`.

Sources: ITU-T G.711 (11/88), table 2a: a segment doubles the interval; with a bias of
33 (132 in 16 bits) the segment is the position of the highest bit. ITU-T P.56 and P.830
take -26 dBov for the level of active speech, and -36 for a soft voice, of which the
louder half is above -40; G.712 allows an idle line -65 dBm0p.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from voxpipe.pipeline import AudioFormat

BIAS: Final = 132  # in 16 bits
_LOUD = 328  # of 32,768: -40 dBFS
_TENTH = 10


def expanded(code: int) -> int:
    """The sample that a code of mu-law stands for, in 16 bits."""
    code ^= 0xFF
    segment = code >> 4 & 0b111
    magnitude = ((code & 0b1111) * 8 + BIAS << segment) - BIAS
    return -magnitude if code & 0x80 else magnitude


def alaw_expanded(code: int) -> int:
    """The sample that a code of A-law stands for, in 16 bits (G.711, table 1a)."""
    code ^= 0x55
    segment = code >> 4 & 0b111
    magnitude = (code & 0b1111) * 16 + 8
    if segment:
        magnitude = magnitude + 256 << segment - 1
    return magnitude if code & 0x80 else -magnitude


QUIET: Final = bytes(code for code in range(256) if abs(expanded(code)) < _LOUD)
"""The codes of mu-law that are not loud."""

QUIET_ALAW: Final = bytes(
    code for code in range(256) if abs(alaw_expanded(code)) < _LOUD
)
# Of two bytes, little-endian, the second tells: below 256 of 32,768 it is one of these.
# That is -42 dBFS, which is near enough.
QUIET_HIGH: Final = b"\x00\xff"


def is_loud(ulaw: bytes) -> bool:
    """Whether somebody speaks in mu-law."""
    return _is_loud(ulaw, QUIET)


def _is_loud(codes: bytes, quiet: bytes) -> bool:
    return len(codes.translate(None, quiet)) * _TENTH >= len(codes) > 0


def _alaw_is_loud(alaw: bytes) -> bool:
    return _is_loud(alaw, QUIET_ALAW)


def _pcm16_is_loud(pcm16: bytes) -> bool:
    return _is_loud(pcm16[1::2], QUIET_HIGH)


EXPANDED: Final[dict[str, Callable[[int], int]]] = {
    "ulaw": expanded,
    "alaw": alaw_expanded,
}
"""The sample that each code of a law stands for."""

_LOUDNESS: dict[str, Callable[[bytes], bool]] = {
    "ulaw": is_loud,
    "alaw": _alaw_is_loud,
    "pcm16": _pcm16_is_loud,
}


def loudness(format: AudioFormat) -> Callable[[bytes], bool]:
    """What tells whether somebody speaks in audio of ``format``."""
    return _LOUDNESS[format.encoding]

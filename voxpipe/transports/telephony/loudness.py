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

from typing import Final

BIAS: Final = 132  # in 16 bits
_LOUD = 328  # of 32,768: -40 dBFS
_TENTH = 10


def expanded(code: int) -> int:
    """The sample that a code of mu-law stands for, in 16 bits."""
    code ^= 0xFF
    segment = code >> 4 & 0b111
    magnitude = ((code & 0b1111) * 8 + BIAS << segment) - BIAS
    return -magnitude if code & 0x80 else magnitude


QUIET: Final = bytes(code for code in range(256) if abs(expanded(code)) < _LOUD)
"""The codes that are not loud."""


def is_loud(ulaw: bytes) -> bool:
    """Whether somebody speaks in it."""
    return len(ulaw.translate(None, QUIET)) * _TENTH >= len(ulaw) > 0

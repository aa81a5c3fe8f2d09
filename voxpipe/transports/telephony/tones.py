"""The keys of a telephone as the tones that they make (DTMF).

Each key is two sines (ITU-T Q.23). How loud and how long they are is as telephones
have it, well within what must be understood: each sine from 0 to -25 dBm, the higher
one up to 4 dB louder, 40 ms of tone, 40 ms of silence (ITU-T Q.24, table A-1, AT&T).

Plain Python: a key takes a millisecond to make, once for each format, and no numpy.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from functools import lru_cache

from voxpipe.pipeline import AudioFormat, AudioFrame

KEYS = (
    "123A456B789C*0#D"  # as on the keypad: rows of the low, columns of the high group
)
PAUSE = ","

_LOW = (697, 770, 852, 941)  # Hz; Q.23
_HIGH = (1209, 1336, 1477, 1633)
_TONE = _GAP = 0.1  # seconds
_PAUSE = 0.5
# A sine that fills the range of mu-law, 8159 of 14 bits, has 3.17 dBm0 (ITU-T G.711).
_FULL = 4 * 8_159 / 10 ** (3.17 / 20)
_LOW_PEAK = _FULL * 10 ** (-11 / 20)  # -11 dBm0
_HIGH_PEAK = _FULL * 10 ** (-9 / 20)  # -9 dBm0: lines lose more of the high ones


def check_keys(keys: str) -> None:
    """Refuse what cannot be pressed.

    Raises:
        ValueError: a key that no telephone has.
    """
    for key in keys:
        if key not in KEYS and key != PAUSE:
            # Which one is not said: it may be a letter of a password.
            raise ValueError(
                "keys are 0-9, *, #, A-D, and a comma for half a second of silence; "
                f"character {keys.index(key) + 1} of {len(keys)} is another"
            )


@lru_cache(maxsize=64)  # all keys in four formats
def tone(key: str, format: AudioFormat) -> AudioFrame:
    """What one of `KEYS` sounds like, and the silence after it; or a `PAUSE`."""
    if key == PAUSE:
        return AudioFrame(data=format.silence(_PAUSE), format=format)
    row, column = divmod(KEYS.index(key), 4)
    code, channels = CODES[format.encoding], format.channels
    samples = _sines(_LOW[row], _HIGH[column], format.rate)
    data = b"".join(code(sample) * channels for sample in samples)
    return AudioFrame(data=data + format.silence(_GAP), format=format)


def _sines(low: int, high: int, rate: int) -> list[int]:
    step = 2 * math.pi / rate
    return [
        round(
            _LOW_PEAK * math.sin(step * low * at)
            + _HIGH_PEAK * math.sin(step * high * at)
        )
        for at in range(round(_TONE * rate))
    ]


def _ulaw(sample: int) -> bytes:
    """ITU-T G.711, table 2; `Encode` has the same as a table for numpy."""
    sign, magnitude = (0x80, -(sample >> 2)) if sample < 0 else (0, sample >> 2)
    magnitude = min(magnitude, 8_158) + 33
    segment = magnitude.bit_length() - 6
    code = sign | segment << 4 | magnitude >> (segment + 1) & 0x0F
    return bytes([code ^ 0xFF])


def _alaw(sample: int) -> bytes:
    """ITU-T G.711, table 1; likewise."""
    sign, magnitude = (0, ~(sample >> 3)) if sample < 0 else (0x80, sample >> 3)
    segment = max(magnitude.bit_length() - 5, 0)
    code = sign | segment << 4 | magnitude >> max(segment, 1) & 0x0F
    return bytes([code ^ 0x55])


# What a 16-bit sample is in each encoding.
CODES: dict[str, Callable[[int], bytes]] = {
    "pcm16": struct.Struct("<h").pack,
    "ulaw": _ulaw,
    "alaw": _alaw,
}

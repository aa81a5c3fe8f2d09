"""G.711 as tables: of codes, of samples, and from one law to the other.

A code is a sign, three bits of segment and four of interval (ITU-T G.711, tables 1a
and 2a). A sample becomes the code whose value is nearest to it.
"""

from __future__ import annotations

from functools import cache
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from voxpipe.pipeline import AudioFormat
from voxpipe.transports.telephony.loudness import alaw_expanded, expanded

Law = Literal["ulaw", "alaw"]

RATE: Final = 8_000  # Hz, and of RTP's clock for G.711 (RFC 3551, table 4)
TICK: Final = 160  # samples: 20 ms, one packet
SECONDS: Final = TICK / RATE
FORMATS: Final[dict[Law, AudioFormat]] = {
    "ulaw": AudioFormat("ulaw", RATE),
    "alaw": AudioFormat("alaw", RATE),
}


@cache
def samples_of(law: Law) -> NDArray[np.int16]:
    """The sample that each of the 256 codes stands for."""
    expand = expanded if law == "ulaw" else alaw_expanded
    return np.array([expand(code) for code in range(256)], np.int16)


@cache
def codes_of(law: Law) -> NDArray[np.uint8]:
    """The code of each of the 65,536 samples, read as unsigned numbers."""
    values = samples_of(law).astype(np.int64)
    order = np.argsort(values, kind="stable")
    between = (values[order][1:] + values[order][:-1]) / 2
    samples = np.arange(65_536).astype(np.uint16).view(np.int16)
    return order[np.searchsorted(between, samples, side="right")].astype(np.uint8)


@cache
def translation(source: Law, target: Law) -> bytes:
    """For `bytes.translate`: the nearest code of another law for each."""
    return codes_of(target)[samples_of(source).view(np.uint16)].tobytes()

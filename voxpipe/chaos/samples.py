"""Samples that tell their number: what is lost or doubled of them can be counted."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

_MODULUS = 65_537  # a prime above all values that a sample can have
_FACTOR = 40_503  # a generator: neighbours are far apart, which is loud
MOST = _MODULUS - 2  # numbers that there are: 2.7 s at 24,000 Hz


@dataclass(frozen=True, slots=True)
class SampleCount:
    """What has come of samples that were sent once each.

    Attributes:
        sent: how many were.
        lost: how many have not come.
        doubled: how many came more than once.
        foreign: how many came that were not sent.
    """

    sent: int
    lost: int
    doubled: int
    foreign: int

    @property
    def whole(self) -> bool:
        """Each has come once, and nothing else."""
        return not (self.lost or self.doubled or self.foreign)


def numbered(first: int, count: int) -> bytes:
    """Samples of which each tells its number: 16-bit mono, little-endian.

    They are as loud as noise, so that they pass for speech. They have to come as they
    were sent: what is resampled, compressed or mixed tells no numbers any more.

    Args:
        first: number, from 0.
        count: how many; all numbers are below 65,535.

    Raises:
        ValueError: there are no such numbers.
    """
    if not (first >= 0 and count >= 0 and first + count <= MOST):
        raise ValueError(
            f"there are numbers from 0 to {MOST - 1}, not {first} to {first + count}"
        )
    numbers = np.arange(first + 1, first + count + 1, dtype=np.int64)
    values = numbers * _FACTOR % _MODULUS - 32_768  # 0 is silence, and no number
    return values.astype("<i2").tobytes()


def numbers_in(pcm: bytes) -> Counter[int]:
    """Which samples have come, and how often; silence is none."""
    values = np.frombuffer(pcm, "<i2").astype(np.int64)
    inverse = pow(_FACTOR, -1, _MODULUS)
    return Counter(((values[values != 0] + 32_768) * inverse % _MODULUS - 1).tolist())


def counted(pcm: bytes, first: int, count: int) -> SampleCount:
    """Hold what has come against what was sent.

    >>> counted(numbered(0, 90) + numbered(80, 10), 0, 100)
    SampleCount(sent=100, lost=10, doubled=10, foreign=0)

    Args:
        pcm: all that has come.
        first: of the samples that were sent by `numbered`.
        count: of them. The one whose value is silence is not looked for.
    """
    sent, came = numbers_in(numbered(first, count)), numbers_in(pcm)
    return SampleCount(
        sent=count,
        lost=len(sent.keys() - came.keys()),
        doubled=sum(number in sent and times > 1 for number, times in came.items()),
        foreign=sum((came[number] for number in came.keys() - sent.keys()), start=0),
    )

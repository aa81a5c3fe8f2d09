"""Identifiers as the service makes them: a prefix and 21 letters and digits.

The first five characters follow the time, so that sorted ids are in order of creation.
"""

from __future__ import annotations

from random import Random

_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_TIMED, _RANDOM = 5, 16  # characters


class Ids:
    """Makes every id of one session.

    Args:
        random: where the unpredictable part comes from; seeded, ids are reproducible.
    """

    def __init__(self, random: Random) -> None:
        self._random = random
        # Room for 62**4 ids before the first character changes.
        self._count = random.randrange(62**3, 62**4)

    def new(self, prefix: str) -> str:
        """A fresh id, such as ``item_0Ct1OkZ…`` for ``item``."""
        self._count += 1
        count, timed = self._count, ""
        for _ in range(_TIMED):
            count, digit = divmod(count, 62)
            timed = _BASE62[digit] + timed
        return f"{prefix}_{timed}{self._letters(_RANDOM)}"

    def call(self) -> str:
        """A fresh id of a function call: ``call_`` and 16 letters and digits."""
        return f"call_{self._letters(16)}"

    def padding(self) -> str:
        """The ``obfuscation`` of a delta: meaningless, of random length."""
        return self._letters(self._random.randrange(1, 16))

    def _letters(self, count: int) -> str:
        return "".join(self._random.choices(_BASE62, k=count))

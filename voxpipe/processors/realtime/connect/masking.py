"""A text message as a client's frame of RFC 6455, in one step.

websockets asks the operating system for each masking key. That is a system call, which
costs as much as all the rest of a frame: 9 % of a call's CPU. Here a thousand keys are
asked for at once; they are as strong.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from websockets.typing import BytesLike

_KEYS = 4_096  # bytes of randomness asked for at once

mask: Callable[[BytesLike, bytes], bytes]
try:
    from websockets.speedups import apply_mask as mask
except ImportError:  # a platform that websockets has no binary for
    from websockets.utils import apply_mask as mask


class Masking:
    """Makes frames, each with a key that nobody can foretell."""

    __slots__ = ("_at", "_keys")

    def __init__(self) -> None:
        self._keys = b""
        self._at = 0

    def text(self, message: str) -> bytes:
        """The frame of a whole text message."""
        data = message.encode()
        at = self._at
        if at >= len(self._keys):
            self._keys, at = os.urandom(_KEYS), 0
        key = self._keys[at : at + 4]
        self._at = at + 4
        size = len(data)
        if size < 126:
            head = bytes((0x81, 0x80 | size))
        elif size < 65_536:
            head = b"\x81\xfe" + size.to_bytes(2, "big")
        else:
            head = b"\x81\xff" + size.to_bytes(8, "big")
        return head + key + mask(data, key)

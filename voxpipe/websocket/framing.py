"""A whole message as one frame of RFC 6455, in one step.

websockets makes an object of each frame, and asks the operating system for each masking
key. That is a system call, which costs as much as all the rest of a frame: 9 % of a
call's CPU. Here a thousand keys are asked for at once; they are as strong.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from struct import Struct

from websockets.typing import BytesLike

TEXT, BINARY = 0x81, 0x82  # the first byte of a frame that is a whole message
PONG = 0x8A  # likewise, of a pong
MASKED = 0x80  # in the second byte of all that a client sends
_pack = Struct(">BBH").pack
_KEYS = 4_096  # bytes of randomness asked for at once

mask: Callable[[BytesLike, bytes], bytes]
try:
    from websockets.speedups import apply_mask as mask
except ImportError:  # a platform that websockets has no binary for
    from websockets.utils import apply_mask as mask


def frame(first: int, data: bytes) -> bytes:
    """As a server sends it."""
    size = len(data)
    if 125 < size < 65_536:
        return _pack(first, 126, size) + data
    return _head(first, size, 0) + data


class Masking:
    """Makes a client's frames, each with a key that nobody can foretell."""

    __slots__ = ("_at", "_keys")

    def __init__(self) -> None:
        self._keys = b""
        self._at = 0

    def frame(self, first: int, data: bytes) -> bytes:
        """As a client sends it."""
        at = self._at
        if at >= len(self._keys):
            self._keys, at = os.urandom(_KEYS), 0
        key = self._keys[at : at + 4]
        self._at = at + 4
        size = len(data)
        if 125 < size < 65_536:
            return _pack(first, MASKED | 126, size) + key + mask(data, key)
        return _head(first, size, MASKED) + key + mask(data, key)


def _head(first: int, size: int, masked: int) -> bytes:
    if size < 126:
        return bytes((first, masked | size))
    if size < 65_536:
        return _pack(first, masked | 126, size)
    return bytes((first, masked | 127)) + size.to_bytes(8, "big")

"""An array of pixels as a PNG file.

By zlib and fifty lines, rather than by a library that reads a hundred formats from
strangers, of which the model takes two and we write one.
"""

from __future__ import annotations

import struct
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import ImageError

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_COLOURS = {1: 0, 3: 2, 4: 6}  # the PNG colour type by the number of channels
_UP = 2  # the PNG filter that writes what differs from the line above


def png_of(pixels: NDArray[Any]) -> bytes:
    """A PNG file of these pixels; see `Image.of_array`.

    Raises:
        ImageError: they are none.
    """
    given = pixels.shape
    if pixels.ndim == 2:
        pixels = pixels[..., np.newaxis]
    if (
        pixels.dtype != np.uint8
        or pixels.ndim != 3
        or pixels.shape[2] not in _COLOURS
        or not pixels.size
    ):
        raise ImageError(
            "expected pixels as uint8 of shape (height, width), (height, width, 3) or "
            f"(height, width, 4), got {pixels.dtype} of shape {given}"
        )
    height, width, channels = pixels.shape
    lines = pixels.reshape(height, width * channels)
    filtered = np.full((height, 1 + lines.shape[1]), _UP, dtype=np.uint8)
    filtered[0, 1:] = lines[0]
    filtered[1:, 1:] = lines[1:] - lines[:-1]  # modulo 256, as the filter wants it
    header = struct.pack(">IIBBBBB", width, height, 8, _COLOURS[channels], 0, 0, 0)
    return b"".join(
        (
            _SIGNATURE,
            _chunk(b"IHDR", header),
            _chunk(b"IDAT", zlib.compress(filtered.tobytes())),
            _chunk(b"IEND", b""),
        )
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    """Source: PNG specification (W3C, third edition), section 5.3."""
    check = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)

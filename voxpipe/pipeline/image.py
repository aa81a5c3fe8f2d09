"""Pictures for the model: from a file, from bytes, or from an array of pixels."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Self

from .audioframe import Frame
from .errors import ImageError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Detail = Literal["auto", "low", "high"]
MediaType = Literal["image/png", "image/jpeg"]

# As base64 it is 13.4 MiB, and comes back in the echo of its item: messages of a
# session hold 16 MiB.
MAX_SIZE = 10 * 2**20  # bytes
_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8\xff"


@dataclass(frozen=True, slots=True, kw_only=True)
class Image(Frame):
    """A picture for the model: PNG or JPEG, by its first bytes.

    Attributes:
        data: the file's bytes, 10 MiB at most.
        detail: how closely the model is to look, and so how many tokens it costs.

    Raises:
        ImageError: it is neither, or too large.
    """

    data: bytes = field(repr=False)
    detail: Detail = "auto"

    def __post_init__(self) -> None:
        if len(self.data) > MAX_SIZE:
            raise ImageError(
                f"expected a picture of at most {MAX_SIZE} bytes, got "
                f"{len(self.data)}: make it smaller, the model does not see that much"
            )
        if not self.data.startswith((_PNG, _JPEG)):
            raise ImageError(
                f"expected the bytes of a PNG or JPEG file, got {len(self.data)} bytes "
                f"of something else: convert it, or use Image.of_array(pixels)"
            )

    @property
    def media_type(self) -> MediaType:
        """What it is, whatever its file was called."""
        return "image/png" if self.data.startswith(_PNG) else "image/jpeg"

    @classmethod
    def open(cls, path: str | Path, *, detail: Detail = "auto") -> Self:
        """The picture in a file; it is read at once.

        Raises:
            ImageError: it is neither PNG nor JPEG, or too large.
            OSError: it cannot be read.
        """
        with Path(path).open("rb") as file:
            return cls(data=file.read(MAX_SIZE + 1), detail=detail)

    @classmethod
    def of_array(cls, pixels: NDArray[np.uint8], *, detail: Detail = "auto") -> Self:
        """A PNG of pixels, such as a camera's.

        Args:
            pixels: ``uint8`` of shape (height, width) for greys, (height, width, 3) for
                red, green and blue, (height, width, 4) with opacity.
            detail: how closely the model is to look.

        Raises:
            ImageError: another shape or type, no pixels, or too many.
        """
        from .png import png_of  # it needs numpy, whose import costs 60 ms

        return cls(data=png_of(pixels), detail=detail)

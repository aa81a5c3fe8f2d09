"""Pictures for the model: from a file, from bytes, or from an array of pixels."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Self

from .audioframe import Frame
from .errors import ImageError
from .picture import JPEG, PNG, damage_of, kind_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Detail = Literal["auto", "low", "high"]
MediaType = Literal["image/png", "image/jpeg"]

# As base64 it is 13.4 MiB, and comes back in the echo of its item: messages of a
# session hold 16 MiB.
MAX_SIZE = 10 * 2**20  # bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Image(Frame):
    """A picture for the model: PNG or JPEG, by its first bytes.

    Attributes:
        data: the file's bytes, 10 MiB at most.
        detail: how closely the model is to look, and so how many tokens it costs.

    Raises:
        ImageError: it is neither, damaged, or too large.
    """

    data: bytes = field(repr=False)
    detail: Detail = "auto"

    def __post_init__(self) -> None:
        size = len(self.data)
        if size > MAX_SIZE:
            raise ImageError(
                f"expected a picture of at most {MAX_SIZE} bytes, got {size}: make it "
                "smaller, the model does not see that much"
            )
        if not self.data.startswith((PNG, JPEG)):
            raise ImageError(
                f"expected the bytes of a PNG or JPEG file, got {_what_else(self.data)}"
            )
        damage = damage_of(self.data)
        if damage is not None:
            kind = self.media_type.removeprefix("image/").upper()
            raise ImageError(
                f"expected a whole {kind} file, this one of {size} bytes is damaged: "
                f"{damage}"
            )

    @property
    def media_type(self) -> MediaType:
        """What it is, whatever its file was called."""
        return "image/png" if self.data.startswith(PNG) else "image/jpeg"

    @classmethod
    def open(cls, path: str | Path, *, detail: Detail = "auto") -> Self:
        """The picture in a file; it is read at once.

        Raises:
            ImageError: it is neither PNG nor JPEG, or damaged, or too large.
            OSError: it cannot be read.
        """
        with Path(path).open("rb") as file:
            data = file.read(MAX_SIZE + 1)
        try:
            return cls(data=data, detail=detail)
        except ImageError as error:
            raise ImageError(f"{path}: {error}") from None

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


def _what_else(data: bytes) -> str:
    if not data:
        return "none: it is empty"
    kind = kind_of(data)
    if kind is not None:
        return ": ".join(kind)
    return (
        f"{len(data)} bytes of something else: convert it, or use "
        "Image.of_array(pixels)"
    )

"""Pictures."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from voxpipe.pipeline import Image, ImageError
from voxpipe.pipeline.image import MAX_SIZE

PNG, JPEG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0\x00\x10JFIF"
COLOURS = {0: 1, 2: 3, 6: 4}

SIDES = st.integers(1, 12)
SHAPES = st.tuples(SIDES, SIDES) | st.tuples(SIDES, SIDES, st.sampled_from([1, 3, 4]))


def pixels_of(png: bytes) -> NDArray[np.uint8]:
    """As a reader of the PNG specification sees them."""
    assert png.startswith(PNG)
    chunks: dict[bytes, bytes] = {}
    at = len(PNG)
    while at < len(png):
        size, kind = struct.unpack_from(">I4s", png, at)
        data = png[at + 8 : at + 8 + size]
        (check,) = struct.unpack_from(">I", png, at + 8 + size)
        assert check == zlib.crc32(kind + data)
        chunks[kind] = data
        at += size + 12
    assert list(chunks) == [b"IHDR", b"IDAT", b"IEND"]
    width, height, depth, colour, *rest = struct.unpack(">IIBBBBB", chunks[b"IHDR"])
    assert (depth, rest) == (8, [0, 0, 0])
    channels = COLOURS[colour]
    raw = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), np.uint8)
    lines = raw.reshape(height, 1 + width * channels)
    assert set(lines[:, 0]) == {2}  # "up": each is what it adds to the one above
    summed = np.cumsum(lines[:, 1:], axis=0, dtype=np.uint8)
    return summed.reshape(height, width, channels)


@given(SHAPES.flatmap(lambda shape: arrays(np.uint8, shape)))
def test_pixels_become_a_png_that_holds_them(pixels: NDArray[np.uint8]) -> None:
    image = Image.of_array(pixels, detail="low")
    assert (image.media_type, image.detail) == ("image/png", "low")
    expected = pixels if pixels.ndim == 3 else pixels[..., np.newaxis]
    assert np.array_equal(pixels_of(image.data), expected)


def test_a_part_of_a_picture_can_be_shown_as_it_lies_in_memory() -> None:
    whole = np.arange(8 * 9 * 3, dtype=np.uint8).reshape(8, 9, 3)
    part = whole[2:6, ::2, ::-1]
    assert np.array_equal(pixels_of(Image.of_array(part).data), part)


@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros((4, 4)),
        np.zeros((4, 4), np.int16),
        np.zeros(4, np.uint8),
        np.zeros((4, 4, 2), np.uint8),
        np.zeros((0, 4, 3), np.uint8),
        np.zeros((1, 4, 4, 3), np.uint8),
    ],
)
def test_other_arrays_are_refused_with_what_they_are(pixels: NDArray[np.uint8]) -> None:
    with pytest.raises(ImageError) as caught:
        Image.of_array(pixels)
    assert f"got {pixels.dtype} of shape {pixels.shape}" in str(caught.value)


@pytest.mark.parametrize(("start", "kind"), [(PNG, "png"), (JPEG, "jpeg")])
def test_a_file_is_what_its_bytes_say(start: bytes, kind: str, tmp_path: Path) -> None:
    path = tmp_path / "picture.gif"
    path.write_bytes(start + b"more")
    image = Image.open(path)
    assert image == Image(data=start + b"more")
    assert image.media_type == f"image/{kind}"
    assert image.detail == "auto"


@pytest.mark.parametrize("data", [b"", b"GIF89a", PNG[:7], b"<svg>", b"RIFF0000WEBP"])
def test_what_is_neither_png_nor_jpeg_is_refused(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "picture.png").write_bytes(data)
    with pytest.raises(ImageError, match="a PNG or JPEG file, got"):
        Image(data=data)
    with pytest.raises(ImageError, match=f"got {len(data)} bytes of something else"):
        Image.open(tmp_path / "picture.png")


def test_a_picture_that_no_message_holds_is_refused(tmp_path: Path) -> None:
    assert Image(data=PNG.ljust(MAX_SIZE, b"x"))
    with pytest.raises(ImageError, match="at most 10485760 bytes"):
        Image(data=PNG.ljust(MAX_SIZE + 1, b"x"))
    path = tmp_path / "large.png"
    path.write_bytes(PNG.ljust(2 * MAX_SIZE, b"x"))
    with pytest.raises(ImageError, match="at most 10485760 bytes"):
        Image.open(path)


def test_a_file_that_is_not_there_is_an_error_of_the_system() -> None:
    with pytest.raises(FileNotFoundError):
        Image.open("no/such/picture.png")


def test_what_is_on_a_picture_is_in_no_repr() -> None:
    assert "secret" not in repr(Image(data=PNG + b"secret"))

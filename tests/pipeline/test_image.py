"""Pictures."""

from __future__ import annotations

import struct
import zlib
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from voxpipe.pipeline import Image, ImageError
from voxpipe.pipeline.image import MAX_SIZE
from voxpipe.pipeline.picture import JPEG

PNG = b"\x89PNG\r\n\x1a\n"
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


PICTURE = Image.of_array(np.arange(48, dtype=np.uint8).reshape(4, 4, 3)).data
# 1 x 1, grey: cut from a real file to what a decoder needs.
PHOTO = bytes.fromhex(
    "ffd8ffe000104a46494600010100000100010000"  # SOI, APP0
    "ffe10008ffd8ffd9beef"  # APP1 with a thumbnail, whose end is not the picture's
    f"ffdb004300{64 * '02'}"  # DQT
    "ffc0000b080001000101011100"  # SOF0
    "ffc40014000100000000000000000000000000000008"  # DHT
    "ffc40014100100000000000000000000000000000000"
    "ffda0008010100003f00"  # SOS
    "54ff00"  # a scan, with a stuffed byte
    "ffd9"  # EOI
)


@pytest.mark.parametrize(("data", "kind"), [(PICTURE, "png"), (PHOTO, "jpeg")])
def test_a_file_is_what_its_bytes_say(data: bytes, kind: str, tmp_path: Path) -> None:
    path = tmp_path / "picture.gif"
    path.write_bytes(data + b"more")
    image = Image.open(path)
    assert image == Image(data=data + b"more")
    assert image.media_type == f"image/{kind}"
    assert image.detail == "auto"


@pytest.mark.parametrize("data", [PICTURE, PHOTO], ids=["png", "jpeg"])
def test_a_picture_that_was_cut_off_anywhere_is_refused(data: bytes) -> None:
    for length in range(8, len(data)):
        with pytest.raises(ImageError, match=r"a whole \w+ file, .* it ends too early"):
            Image(data=data[:length])


@given(at=st.integers(8, len(PICTURE) - 1), change=st.integers(1, 255))
def test_a_png_with_a_wrong_byte_is_refused(at: int, change: int) -> None:
    damaged = bytearray(PICTURE)
    damaged[at] ^= change
    with pytest.raises(ImageError, match="a whole PNG file"):
        Image(data=bytes(damaged))


@given(st.binary(max_size=300), st.sampled_from([PNG, JPEG]))
def test_what_only_begins_like_a_picture_is_an_error_and_nothing_else(
    rest: bytes, start: bytes
) -> None:
    with suppress(ImageError):
        Image(data=start + rest)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (PNG + PICTURE[-12:], "it does not begin with an IHDR"),
        (PICTURE[:33] + PICTURE[-12:], "there is no IDAT"),
        (b"\xff\xd8\xff\xd9 and so on", "there is no picture in it"),
        (b"\xff\xd8\xff\xe0\x00\x04ab and so on", "there is no marker at byte 8"),
    ],
)
def test_what_is_wrong_is_told(data: bytes, says: str) -> None:
    with pytest.raises(ImageError, match=f"is damaged: {says}"):
        Image(data=data)


KINDS = [
    (b"GIF89a", "a GIF"),
    (b"RIFF0000WEBPVP8 ", "a WebP"),
    (b"BM\0\0\0\0", "a BMP"),
    (b"II*\0\x08\0\0\0", "a TIFF"),
    (b"MM\0*\0\0\0\x08", "a TIFF"),
    (b"\0\0\0\x18ftypheic", "a HEIC"),
    (b"\0\0\0\x18ftypmif1", "a HEIF"),
    (b"\0\0\0\x20ftypavif", "an AVIF"),
    (b"\0\0\0\x20ftypisom", "a video"),
    (b"<svg xmlns='http://www.w3.org/2000/svg'>", "an SVG"),
    (b'\xef\xbb\xbf<?xml version="1.0"?>\n<svg>', "an SVG"),
    (b"<!DOCTYPE html><title>404</title>", "a page of HTML"),
    (b"%PDF-1.7", "a PDF"),
    (b"\0\0\1\0\1\0", "an ICO"),
    (b"8BPS\0\1", "a Photoshop file"),
    (b"\xff\x0a\xfa", "a JPEG XL"),
]


@pytest.mark.parametrize(("data", "kind"), KINDS)
def test_another_kind_of_picture_is_named_with_the_cure(
    data: bytes, kind: str, tmp_path: Path
) -> None:
    path = tmp_path / "picture.png"
    path.write_bytes(data)
    says = f"expected the bytes of a PNG or JPEG file, got {kind}: "
    with pytest.raises(ImageError) as caught:
        Image(data=data)
    assert str(caught.value).startswith(says)
    with pytest.raises(ImageError) as caught:
        Image.open(path)
    assert str(caught.value).startswith(f"{path}: {says}")


@pytest.mark.parametrize("data", [PNG[:7], b"RIFF0000AVI ", b"words", b"<?xml?><p>"])
def test_what_is_no_picture_is_refused(data: bytes) -> None:
    with pytest.raises(ImageError, match=f"got {len(data)} bytes of something else"):
        Image(data=data)


def test_nothing_is_no_picture() -> None:
    with pytest.raises(ImageError, match="got none: it is empty"):
        Image(data=b"")


def large(size: int) -> bytes:
    return PICTURE.ljust(size, b"x")


def test_a_picture_that_no_message_holds_is_refused(tmp_path: Path) -> None:
    assert Image(data=large(MAX_SIZE))
    with pytest.raises(ImageError, match="at most 10485760 bytes"):
        Image(data=large(MAX_SIZE + 1))
    path = tmp_path / "large.png"
    path.write_bytes(large(2 * MAX_SIZE))
    with pytest.raises(ImageError, match="at most 10485760 bytes"):
        Image.open(path)


def test_a_file_that_is_not_there_is_an_error_of_the_system() -> None:
    with pytest.raises(FileNotFoundError):
        Image.open("no/such/picture.png")


def test_what_is_on_a_picture_is_in_no_repr() -> None:
    assert "secret" not in repr(Image(data=PICTURE + b"secret"))

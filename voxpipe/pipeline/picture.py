"""Whether bytes are a whole PNG or JPEG file, and what they are if not.

A picture that was cut off in an upload, or is called .png and is none, would be refused
by the service in the middle of a call. So it is read as far as its parts tell: no pixel
is decoded.
"""

from __future__ import annotations

import struct
import zlib

PNG = b"\x89PNG\r\n\x1a\n"
JPEG = b"\xff\xd8\xff"

_FFMPEG = "convert it with `ffmpeg -i in -frames:v 1 out.png`"
_MAGICK = "convert it with `magick in out.png`"
_DJXL = "convert it with `djxl in out.png`"
_HEIF = "convert it with `heif-convert in out.jpg`, or by Pillow with pillow-heif"
_BEGINNINGS = (
    (b"GIF8", "a GIF", _FFMPEG),
    (b"BM", "a BMP", _FFMPEG),
    (b"II*\0", "a TIFF", _FFMPEG),
    (b"MM\0*", "a TIFF", _FFMPEG),
    (b"\0\0\1\0", "an ICO", _FFMPEG),
    (b"\xff\x0a", "a JPEG XL", _DJXL),
    (b"\0\0\0\x0cJXL ", "a JPEG XL", _DJXL),
    (b"\0\0\0\x0cjP  ", "a JPEG 2000", _FFMPEG),
    (b"8BPS", "a Photoshop file", _MAGICK),
    (b"%PDF", "a PDF", "`pdftoppm -png in out` makes a picture of each page"),
)
_BRANDS = {  # of ISO files, which begin with a box of the type "ftyp"
    b"heic": ("a HEIC", _HEIF),
    b"heix": ("a HEIC", _HEIF),
    b"hevc": ("a HEIC", _HEIF),
    b"mif1": ("a HEIF", _HEIF),
    b"msf1": ("a HEIF", _HEIF),
    b"avif": ("an AVIF", _FFMPEG),
    b"avis": ("an AVIF", _FFMPEG),
}


def kind_of(data: bytes) -> tuple[str, str] | None:
    """What else begins so, and what to do about it; ``None``: nobody knows."""
    for beginning, kind, cure in _BEGINNINGS:
        if data.startswith(beginning):
            return kind, cure
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "a WebP", _FFMPEG
    if data[4:8] == b"ftyp":
        return _BRANDS.get(data[8:12], ("a video", _FFMPEG))
    text = data[:1_000].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith(b"<svg") or (text.startswith(b"<?xml") and b"<svg" in text):
        return "an SVG", "draw it with `rsvg-convert in -o out.png`"
    if text.startswith((b"<!doctype html", b"<html")):
        return "a page of HTML", "an error in the place of a download?"
    return None


def damage_of(data: bytes) -> str | None:
    """What is wrong with a PNG or JPEG file; ``None``: it is whole."""
    return _damage_of_png(data) if data.startswith(PNG) else _damage_of_jpeg(data)


def _damage_of_png(data: bytes) -> str | None:
    """Source: PNG specification (W3C, third edition), sections 5.3 to 5.6."""
    at, kinds = len(PNG), set[bytes]()
    while at + 12 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        end = at + 12 + size
        if end > len(data):
            break
        (check,) = struct.unpack_from(">I", data, end - 4)
        if check != zlib.crc32(memoryview(data)[at + 4 : end - 4]):
            return f"the check sum at byte {end - 4} is wrong"
        if not kinds and kind != b"IHDR":
            return "it does not begin with an IHDR chunk"
        kinds.add(kind)
        if kind == b"IEND":
            return None if b"IDAT" in kinds else "there is no IDAT chunk"
        at = end
    return "it ends too early"


# Markers that stand for themselves: TEM, and the restarts RST0 to RST7.
_ALONE = frozenset((0x01, *range(0xD0, 0xD8)))
_EOI, _SOS, _FILL = 0xD9, 0xDA, 0xFF


def _damage_of_jpeg(data: bytes) -> str | None:
    """Source: ITU-T T.81 (09/1992), annex B."""
    at = 2
    while at + 4 <= len(data):
        if data[at] != _FILL:
            return f"there is no marker at byte {at}"
        marker = data[at + 1]
        if marker == _EOI:
            return "there is no picture in it"
        if marker == _FILL or marker in _ALONE:
            at += 1 if marker == _FILL else 2
            continue
        if marker == _SOS:
            # A thumbnail's end lies in a segment before; in a scan no other FF D9 is.
            return None if data.find(b"\xff\xd9", at) > 0 else "it ends too early"
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return "it ends too early"

"""Words from outside, made safe to show and measured in columns of a terminal."""

from __future__ import annotations

import unicodedata
from itertools import accumulate

_JOINERS = "\u200c\u200d"  # they hold emoji and Indic letters together


def safe(text: str) -> str:
    """``text`` in one line, with whatever could command a terminal made visible.

    A transcript is what a stranger has said or a model made up: it may hold escape
    sequences, or marks that turn the direction of the line around.
    """
    return "".join(_shown(char) for char in " ".join(text.split()))


def _shown(char: str) -> str:
    if char.isprintable() or char in _JOINERS:
        return char
    return (
        char.encode("ascii", "backslashreplace").decode()
        if ord(char) > 0x7F
        else (f"\\x{ord(char):02x}")
    )


def columns(text: str) -> int:
    """How many columns a terminal needs for ``text``."""
    return sum(_columns(char) for char in text)


def _columns(char: str) -> int:
    if unicodedata.category(char) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def fit(text: str, width: int) -> str:
    """The beginning of ``text``, as much as ``width`` columns hold."""
    if columns(text) <= width:
        return text
    return _first(text, width).rstrip(" …") + "…" if width > 0 else ""


def tail(text: str, width: int) -> str:
    """The end of ``text``, as much as ``width`` columns hold."""
    if columns(text) <= width:
        return text
    return "…" + _first(text[::-1], width)[::-1].lstrip() if width > 0 else ""


def wrapped(text: str, width: int, first: str = "", rest: str = "") -> list[str]:
    """``text`` in lines of ``width`` columns, broken between words if words are short.

    Args:
        text: made `safe`.
        width: columns; a few more than ``first`` and ``rest`` take.
        first: in front of the first line.
        rest: in front of all others.

    >>> wrapped("one two three", 9, "- ", "  ")
    ['- one two', '  three']
    """
    lines, line = [first], ""
    for word in text.split():
        if line and columns(f"{lines[-1]}{line} {word}") > width:
            lines[-1] += line
            lines.append(rest)
            line = ""
        line = f"{line} {word}" if line else word
        while columns(lines[-1] + line) > width:  # a word that no line can hold
            part = _first(line, width + 1 - columns(lines[-1]))
            if not part:  # nor any of its characters
                break
            lines[-1] += part
            lines.append(rest)
            line = line[len(part) :]
    lines[-1] += line
    return lines


def _first(text: str, width: int) -> str:
    """What of ``text`` leaves one of ``width`` columns free, for the dots."""
    used = accumulate(map(_columns, text))
    return "".join(char for char, end in zip(text, used, strict=True) if end < width)

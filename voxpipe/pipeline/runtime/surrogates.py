"""Halves of characters, which a Python string can hold and UTF-8 cannot.

A text that somebody has cut in the middle of an emoji ends in one. JSON writes it down
as ``\\ud83d`` without its other half, and a strict reader refuses the whole message.
"""

from __future__ import annotations

import json


def replace_surrogates(text: str) -> str:
    """``text`` with U+FFFD in place of each half; two that fit become one character."""
    if text.isascii():
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def json_text(value: object) -> str:
    """``value`` as JSON that everybody can read, whatever halves are in it.

    Raises:
        TypeError, ValueError: JSON cannot express it.
    """
    text = json.dumps(value)
    if "\\ud" in text:  # the halves of a character, or one without the other
        return replace_surrogates(json.dumps(value, ensure_ascii=False))
    return text


def mended_json(text: str) -> str:
    """JSON text in which no half of a character is written down; else as it stands."""
    if "\\ud" not in text.lower():
        return text
    try:
        value = json.loads(text)
        plain = json.dumps(value, ensure_ascii=False)
    except (ValueError, RecursionError):
        return text
    mended = replace_surrogates(plain)
    return text if mended == plain else mended

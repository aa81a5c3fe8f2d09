"""How private words are shown: how many there are, and where they can be had."""

from __future__ import annotations


def counted_words(text: str, where: str) -> str:
    """What may stand in a log in place of what somebody said.

    Args:
        text: private.
        where: the attribute that holds it, with its dot.

    >>> counted_words("my PIN is 4711", ".text")
    '4 words in .text'
    """
    count = len(text.split())
    return f"{count or 'no'} word{'' if count == 1 else 's'}" + (
        f" in {where}" if count else ""
    )

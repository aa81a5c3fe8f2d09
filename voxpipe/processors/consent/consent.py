"""A yes, a no, or neither, from the words of somebody who was asked.

Nobody can list what people say who do not agree, so no word decides by being there: an
answer agrees when all of it is made of phrases that agree, or that change nothing
beside them. Whatever else is in it, a question mark for one, makes it neither, and the
caller is asked again. A yes that is asked for twice costs seconds; the other mistake
costs money.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import fields
from itertools import combinations
from unicodedata import normalize

from .phrases import ENGLISH, FRENCH, GERMAN, ITALIAN, MOCKING, SPANISH, Phrases

Understands = Callable[[str], bool | None]
"""Says of an answer whether it agrees; ``None`` when that is not clear."""

MAX_WORDS = 16  # in an answer; who says more says something else
_WORD = re.compile(r"[\w']+")
_QUESTION = re.compile("[?¿？؟]")
_CUT_OFF = re.compile(r"(?:\.\.|…|[-–—])[\s.\"'»”]*$")


class Consent:
    """Understands a yes and a no in some languages.

    Called with what somebody has said, it gives ``True``, ``False``, or ``None`` when
    it is neither, or both. All of an answer must be in one language.

    Args:
        languages: what people say in them.
    """

    def __init__(self, *languages: Phrases) -> None:
        self._languages = [_kinds(each) for each in languages]

    def __call__(self, words: str) -> bool | None:
        """Whether who says this agrees."""
        said = _words(words)
        if not said or len(said) > MAX_WORDS or _QUESTION.search(words):
            return None
        if _CUT_OFF.search(words) or " ".join(said) in _MOCKING:
            return None
        ways = [way for kinds in self._languages for way in _ways(said, kinds)]
        if any("refuses" in way and not way & _AGREES for way in ways):
            return False
        return any("refuses" not in way and _is_yes(way) for way in ways) or None


_AGREES = frozenset({"agrees", "accepts"})


def _is_yes(way: frozenset[str]) -> bool:
    return "agrees" in way or ("accepts" in way and "closes" not in way)


def _ways(said: list[str], kinds: dict[str, str]) -> set[frozenset[str]]:
    """The kinds of phrases that an answer can be made of, wholly, and in which ways."""
    ways: list[set[frozenset[str]]] = [{frozenset()}, *(set() for _ in said)]
    for start, end in combinations(range(len(said) + 1), 2):
        kind = kinds.get(" ".join(said[start:end]))
        if kind is not None:
            ways[end] |= {way | {kind} for way in ways[start]}
    return ways[-1]


def _kinds(phrases: Phrases) -> dict[str, str]:
    return {
        phrase: each.name
        for each in fields(phrases)
        for phrase in _split(getattr(phrases, each.name))
    }


def _words(text: str) -> list[str]:
    plain = normalize("NFKC", text).casefold().replace("\u2019", "'")
    return _WORD.findall(plain)


def _split(phrases: str) -> set[str]:
    return {" ".join(_words(each)) for each in phrases.split(",")} - {""}


_MOCKING = _split(MOCKING)
consent = Consent(ENGLISH, GERMAN, FRENCH, SPANISH, ITALIAN)
"""Understands all five."""

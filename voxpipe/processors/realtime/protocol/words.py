"""Where a text can be cut, when only a part of its sound was played.

Words carry no time, so a share of the sound is a share of the words; and where a script
is written without spaces, of its characters as a person sees them. That is an estimate:
a syllable of Chinese and a word of English are taken to last equally long.

Characters are told apart by the rules of Unicode's annex 29 (extended grapheme
clusters), as far as the standard library knows what they need: combining marks,
joiners, flags, skin tones, tags, Hangul, and consonants that a virama joins. Not by its
rule GB9b (a sign in front of the digits that it encloses, in Arabic and Syriac); and a
mark that is newer than this Python is taken for a letter.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

_ZWSP, _ZWNJ, _ZWJ = "\u200b", "\u200c", "\u200d"
_MARKS = ("Mn", "Mc", "Me")
# Letters and signs that extend what is before them, though they are no marks: the Thai
# and Lao vowel AM, and the voicing of narrow kana.
_EXTENDING = frozenset("\u0e33\u0eb3\uff9e\uff9f") | {_ZWNJ, _ZWJ}
_VIRAMA = 9  # the canonical combining class
_UNSPACED = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x0F00, 0x109F),  # Tibetan, Myanmar
    (0x1780, 0x17FF),  # Khmer
    (0x1950, 0x19FF),  # Tai Le, New Tai Lue, Khmer symbols
    (0x1A20, 0x1AAF),  # Tai Tham
    (0x1B00, 0x1B7F),  # Balinese
    (0x3005, 0x3007),  # the ideographic marks of repetition, closing and zero
    (0x3021, 0x312F),  # kana, Bopomofo
    (0x31A0, 0x31FF),  # the same, continued
    (0x3400, 0x4DBF),  # Han
    (0x4E00, 0x9FFF),
    (0xA000, 0xA4CF),  # Yi
    (0xA980, 0xA9DF),  # Javanese
    (0xA9E0, 0xA9FF),  # Myanmar, continued
    (0xAA60, 0xAADF),  # the same, Tai Viet
    (0xF900, 0xFAFF),  # Han
    (0xFF66, 0xFF9F),  # narrow kana
    (0x1AFF0, 0x1B16F),  # kana, continued
    (0x20000, 0x3FFFF),  # Han
)


def first_words(text: str, share: float) -> str:
    """The beginning of a text: so much of its words, rounded down.

    Args:
        text: of any script.
        share: from 0 to 1.
    """
    ends = list(word_ends(text))
    count = int(len(ends) * share)
    return text[: ends[count - 1]] if count > 0 else ""


def word_ends(text: str) -> Iterator[int]:
    """Where each word ends, or each character of a script without spaces."""
    if text.isascii():  # the same, for a hundredth of the work
        yield from (word.end() for word in re.finditer(r"\S+", text))
        return
    begin = end = 0  # of the character, and of the word so far with its punctuation
    gap = True  # there is nothing of a word yet
    opening = False  # but an opening bracket or quotation mark
    unspaced = False  # it is a character of a script without spaces
    for stop in grapheme_ends(text):
        first, whole = text[begin], text[begin:stop]
        begin = stop
        if whole.isspace() or whole == _ZWSP:
            if not gap:
                yield end
            gap, opening, unspaced = True, False, False
            continue
        kind = unicodedata.category(first)
        letter = kind[0] in "LNM" and _is_unspaced(first)
        opens = kind in ("Ps", "Pi")
        follows = kind[0] in "PS" and not opens  # punctuation, with what is before it
        new = not gap and not opening and (letter or (unspaced and not follows))
        if new:
            yield end
        opening = opens and (gap or opening or new)
        unspaced = letter or (unspaced and follows)
        gap, end = False, stop
    if not gap:
        yield end


def grapheme_ends(text: str) -> Iterator[int]:
    """Where each character ends as a person sees it."""
    flags = 0  # regional indicators in a row
    for at in range(1, len(text)):
        before, here = text[at - 1], text[at]
        flags = flags + 1 if _is_flag(before) else 0
        if not _joined(before, here, odd=flags % 2 == 1):
            yield at
    if text:
        yield len(text)


def _joined(before: str, here: str, *, odd: bool) -> bool:
    """Whether two code points belong to one character."""
    if before.isspace() or before == _ZWSP or here == _ZWSP:
        return before == "\r" and here == "\n"
    if _extends(here) or before == _ZWJ:
        return not here.isspace()
    if _is_flag(here):
        return odd
    if unicodedata.combining(before) == _VIRAMA:
        return unicodedata.category(here) == "Lo"
    kinds = _hangul(before) + _hangul(here)
    return kinds in _HANGUL_JOINS


def _extends(char: str) -> bool:
    code = ord(char)
    return (
        unicodedata.category(char) in _MARKS
        or char in _EXTENDING
        or 0x1F3FB <= code <= 0x1F3FF  # skin tones
        or 0xE0020 <= code <= 0xE007F  # tags: the flag of Scotland
    )


def _is_flag(char: str) -> bool:
    return 0x1F1E6 <= ord(char) <= 0x1F1FF  # regional indicators; two are a flag


# Leading consonants, vowels, trailing consonants; and syllables without and with those.
_HANGUL_JOINS = frozenset(["LL", "LV", "LS", "LC", "SV", "ST", "VV", "VT", "CT", "TT"])


def _hangul(char: str) -> str:
    code = ord(char)
    if 0xAC00 <= code <= 0xD7A3:
        return "C" if (code - 0xAC00) % 28 else "S"
    if 0x1100 <= code <= 0x115F or 0xA960 <= code <= 0xA97C:
        return "L"
    if 0x1160 <= code <= 0x11A7 or 0xD7B0 <= code <= 0xD7C6:
        return "V"
    if 0x11A8 <= code <= 0x11FF or 0xD7CB <= code <= 0xD7FB:
        return "T"
    return ""


def _is_unspaced(char: str) -> bool:
    code = ord(char)
    return any(first <= code <= last for first, last in _UNSPACED)

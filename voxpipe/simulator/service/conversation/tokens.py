"""How many tokens things are, near enough to the service's own count.

Audio is exact: a token for 100 ms of the user and for 50 ms of the assistant. Text is
cut at words, which is also how text arrives in deltas: one token each.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, NamedTuple

from .items import Item

USER_MS, ASSISTANT_MS = 100, 50  # audio in one token
_OVERHEAD = 2  # special tokens around the text of an item
_IMAGE = {"low": 85, "high": 765}  # of a picture of usual size
_WORD = re.compile(r"\s?\w{1,12}|\s?[^\w\s]|\s+")


def words(text: str) -> list[str]:
    """``text`` in tokens; joined, they are the text again.

    >>> words("Hi there, you.")
    ['Hi', ' there', ',', ' you', '.']
    """
    return _WORD.findall(text)


def count_text(text: str) -> int:
    """How many tokens ``text`` has."""
    return sum(1 for _ in _WORD.finditer(text))


class Tokens(NamedTuple):
    """A number of tokens of each kind."""

    text: int = 0
    audio: int = 0
    image: int = 0

    @property
    def total(self) -> int:
        """All kinds together."""
        return self.text + self.audio + self.image


def add(many: Iterable[Tokens]) -> Tokens:
    """The sum of many counts."""
    return Tokens(*(sum(kind) for kind in zip(*many, strict=True)))


def count_item(item: Item) -> Tokens:
    """What ``item`` weighs in the input of a response."""
    text = _OVERHEAD + sum(count_text(value) for value in item.texts)
    audio = image = 0
    for part in item.content:
        if part.image is not None:
            image += _IMAGE[part.image["detail"]]
        elif part.sound is None:
            text += count_text(part.text or "")
        elif item.role == "assistant":
            text += count_text(part.text or "")
            audio += -(-part.sound.ms // ASSISTANT_MS)
        else:
            # What was said is known to the model as audio; its transcript is not input.
            audio += part.sound.ms // USER_MS
    return Tokens(text, audio, image)


def usage(
    input: Tokens, cached: Tokens, output: Tokens, reasoning: int = 0
) -> dict[str, Any]:
    """The ``usage`` object of a response; ``reasoning`` is part of its text."""
    details = {"text_tokens": output.text, "audio_tokens": output.audio}
    if reasoning:
        details["reasoning_tokens"] = reasoning
    return {
        "total_tokens": input.total + output.total,
        "input_tokens": input.total,
        "output_tokens": output.total,
        "input_token_details": {
            "text_tokens": input.text,
            "audio_tokens": input.audio,
            "image_tokens": input.image,
            "cached_tokens": cached.total,
            "cached_tokens_details": {
                "text_tokens": cached.text,
                "audio_tokens": cached.audio,
                "image_tokens": cached.image,
            },
        },
        "output_token_details": details,
    }


NOTHING_USED = usage(Tokens(), Tokens(), Tokens())

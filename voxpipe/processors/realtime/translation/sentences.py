"""A stream of words cut into sentences: a reader of it wants something that ends."""

from __future__ import annotations

import re
from collections.abc import Iterator

LONGEST = 500  # characters; whoever speaks without a pause is cut there
# Up to what ends a sentence; a point behind a digit may be one within a number.
_SENTENCE = re.compile(
    r".*?(?:(?<!\d)[.!?…]+[\"'»«”“’)\]]*(?=\s|$)|\d[.](?=\s)|[。！？]+[」』]*)", re.S
)


class Sentences:
    """Puts deltas together.

    Attributes:
        text: the words so far of the sentence that is not at its end.
        number: how many have ended.
    """

    def __init__(self) -> None:
        self.text = ""
        self.number = 0

    def add(self, delta: str) -> Iterator[str]:
        """Append ``delta``; gives the sentences that have ended with it."""
        self.text += delta
        while True:
            self.text = self.text.lstrip()
            end = _SENTENCE.match(self.text)
            if end is not None:
                length = end.end()
            elif len(self.text) > LONGEST:
                length = self.text.rfind(" ", 1, LONGEST) + 1 or LONGEST
            else:
                return
            yield from self._take(length)

    def end(self) -> Iterator[str]:
        """Nothing follows: what is left is a sentence too."""
        yield from self._take(len(self.text))

    def _take(self, length: int) -> Iterator[str]:
        sentence, self.text = self.text[:length].rstrip(), self.text[length:]
        if sentence:
            yield sentence
            self.number += 1

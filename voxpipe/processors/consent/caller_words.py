"""What a caller has said lately, as it is written down."""

from __future__ import annotations

from collections.abc import Iterator

from voxpipe.pipeline import Transcript
from voxpipe.pipeline.runtime.wakeup import Wakeup

MAX_REMEMBERED = 64  # things that the caller has said


class CallerWords:
    """The words of a caller by item, in the order in which they were told."""

    def __init__(self) -> None:
        self._said: dict[str, str] = {}
        self._more = Wakeup()

    def add(self, words: Transcript) -> None:
        """Somebody has said something; it counts when the caller has, and it is all."""
        if words.speaker != "user" or not words.final:
            return
        self._said[words.item_id] = words.text
        while len(self._said) > MAX_REMEMBERED:
            del self._said[next(iter(self._said))]
        self._more.set()

    def get(self, item_id: str) -> str | None:
        """What was said in an item; ``None`` when that is not known, or not yet."""
        return self._said.get(item_id)

    def items(self) -> tuple[str, ...]:
        """All items of which the words are known."""
        return tuple(self._said)

    def but(self, items: tuple[str, ...]) -> Iterator[tuple[str, str]]:
        """Items and words that are not among ``items``."""
        return (pair for pair in self._said.items() if pair[0] not in items)

    async def more(self) -> None:
        """Wait until something was said."""
        await self._more.wait()

    def clear(self) -> None:
        """Forget all: another conversation begins."""
        self._said.clear()

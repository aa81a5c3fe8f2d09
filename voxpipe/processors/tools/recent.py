"""The last few of many names, so that one that comes again is known."""

from __future__ import annotations


class Recent:
    """The last few of many names.

    Args:
        most: how many are kept.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._names: dict[str, None] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._names

    def add(self, name: str) -> None:
        """Remember a name, and forget the oldest if there are too many."""
        self._names[name] = None
        if len(self._names) > self._most:
            del self._names[next(iter(self._names))]

    def clear(self) -> None:
        """Forget all."""
        self._names.clear()

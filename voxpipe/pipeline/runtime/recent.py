"""What came lately, so that it is known when it comes again."""

from __future__ import annotations


class Recent:
    """The last names that were added.

    Args:
        limit: how many are kept.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._names: dict[str, None] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._names

    def add(self, name: str) -> bool:
        """Remember ``name``; ``False`` if it is known already."""
        names = self._names
        if name in names:
            return False
        names[name] = None
        if len(names) > self._limit:
            del names[next(iter(names))]
        return True

    def clear(self) -> None:
        """Forget all."""
        self._names.clear()

"""Names that come from outside, as labels of which there are few."""

from __future__ import annotations

MOST = 50  # of a kind: each is a time series, or a dozen, for months
OTHER = "other"


class Names:
    """The first `MOST` names of each kind are told, later ones are `OTHER`."""

    def __init__(self) -> None:
        self._known: dict[str, set[str]] = {}

    def of(self, kind: str, name: str) -> str:
        """The name to tell.

        Args:
            kind: what it names.
            name: as it came.
        """
        known = self._known.setdefault(kind, set())
        if name not in known:
            if len(known) >= MOST:
                return OTHER
            known.add(name)
        return name

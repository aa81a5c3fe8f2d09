"""What is refused is told, though not as often as somebody may like to try."""

from __future__ import annotations

import logging

from anyio import current_time

LOG_INTERVAL = 10.0  # seconds between two lines of one kind

logger = logging.getLogger("voxpipe.calls")


class Refusals:
    """Counts what is refused, and tells of each kind now and then.

    Attributes:
        count: of all kinds.
    """

    def __init__(self) -> None:
        self.count = 0
        self._told: dict[str, float] = {}  # a kind, and when; kinds are our own texts
        self._since: dict[str, int] = {}

    def note(self, kind: str, detail: str = "") -> None:
        """One more of this kind.

        Args:
            kind: what was expected; a fixed text, so that there are not many.
            detail: more about it, such as numbers; never what people said.
        """
        self.count += 1
        now = current_time()
        if now < self._told.get(kind, now):
            self._since[kind] = self._since.get(kind, 0) + 1
            return
        self._told[kind] = now + LOG_INTERVAL
        more = self._since.pop(kind, 0)
        others = f" (and {more} others since the last such line)" if more else ""
        logger.warning("refused: %s%s%s", kind, detail and f": {detail}", others)

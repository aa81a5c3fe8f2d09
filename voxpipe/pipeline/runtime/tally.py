"""What has failed in a call, counted for the line that is logged when it is over.

Whoever answers calls opens a tally; all that runs in it, however deep, adds to it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

KINDS = ("failed_replies", "tool_errors", "faults")  # in the order of the line


class Tally:
    """Failures by kind.

    Args:
        label: how log lines call it, such as ``call=5f3a09bc``.
    """

    def __init__(self, label: str) -> None:
        self.label = label
        self._counts = Counter[str]()

    def add(self, counts: Mapping[str, int]) -> None:
        """Count more of these kinds."""
        self._counts.update(counts)

    def __str__(self) -> str:
        counts = self._counts
        return "".join(f" {kind}={counts[kind]}" for kind in KINDS if counts[kind])


_TALLY: ContextVar[Tally] = ContextVar("voxpipe tally")


@contextmanager
def tallied(label: str) -> Generator[Tally]:
    """A tally of what runs in this block, and in all tasks that are started in it."""
    tally = Tally(label)
    token = _TALLY.set(tally)
    try:
        yield tally
    finally:
        _TALLY.reset(token)


def count(counts: Mapping[str, int]) -> None:
    """Add to the tally in which this runs, if there is one."""
    tally = _TALLY.get(None)
    if tally is not None:
        tally.add(counts)


def label() -> str:
    """What log lines begin with, so that one knows of which call they tell."""
    tally = _TALLY.get(None)
    return "" if tally is None else f"{tally.label} "

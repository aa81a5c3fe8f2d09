"""Work that nobody hears: while it lasts, a silent conversation is not idle.

Who does such work is deep inside a pipeline, who judges is around it, and neither knows
the other; a context variable reaches from one to the other, whatever lies between.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from math import inf

from anyio import current_time


class Work:
    """What is under way in one conversation."""

    __slots__ = ("_ended_at", "_under_way")

    def __init__(self) -> None:
        self._under_way = 0
        self._ended_at = -inf

    def last(self, now: float) -> float:
        """When some was last under way; long ago if there was none."""
        return now if self._under_way else self._ended_at

    @contextmanager
    def noticed(self) -> Generator[None]:
        """Notice what the tasks do that are started in this block."""
        before = _noticed.set(self)
        try:
            yield
        finally:
            _noticed.reset(before)

    @contextmanager
    def lasting(self) -> Generator[None]:
        """Work in this block."""
        self._under_way += 1
        try:
            yield
        finally:
            self._under_way -= 1
            self._ended_at = current_time()


_noticed: ContextVar[Work] = ContextVar("voxpipe work")


@contextmanager
def at_work() -> Generator[None]:
    """Work in this block, for whoever notices."""
    with _noticed.get(Work()).lasting():
        yield

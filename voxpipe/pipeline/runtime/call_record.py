"""What is known of a call from around it: its name, its failures, whether work is done.

Whoever answers calls opens a record; all that runs in it, however deep, adds to it. Who
adds is deep inside a pipeline, and knows nothing of who reads: a context variable
reaches from one to the other, whatever lies between.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from math import inf

KINDS = ("failed_replies", "tool_errors", "faults")  # in the order of the line

AtWork = Callable[[], bool]
"""Whether something goes on that nobody hears."""


class CallRecord:
    """One call's.

    Args:
        label: how log lines call it, such as ``call=5f3a09bc``.

    Attributes:
        at_work: who is asked.
    """

    def __init__(self, label: str = "") -> None:
        self.label = label
        self._counts = Counter[str]()
        self.at_work: list[AtWork] = []
        self._worked_at = -inf

    def add(self, counts: Mapping[str, int]) -> None:
        """Count more failures of these kinds."""
        self._counts.update(counts)

    @property
    def counts(self) -> Mapping[str, int]:
        """How often what has failed, by kind."""
        return self._counts

    def worked_at(self, now: float) -> float:
        """When it was last asked while work was done; long ago if it never was."""
        if any(is_at_work() for is_at_work in self.at_work):
            self._worked_at = now
        return self._worked_at

    def __str__(self) -> str:
        counts = self._counts
        return "".join(f" {kind}={counts[kind]}" for kind in KINDS if counts[kind])


_RECORD: ContextVar[CallRecord] = ContextVar("voxpipe call record")


@contextmanager
def recorded(label: str) -> Generator[CallRecord]:
    """The record of what runs in this block, and in all tasks started in it."""
    record = CallRecord(label)
    token = _RECORD.set(record)
    try:
        yield record
    finally:
        _RECORD.reset(token)


def count(counts: Mapping[str, int]) -> None:
    """Add to the record in which this runs, if there is one."""
    record = _RECORD.get(None)
    if record is not None:
        record.add(counts)


def label() -> str:
    """What log lines begin with, so that one knows of which call they tell."""
    record = _RECORD.get(None)
    return "" if record is None else f"{record.label} "


@contextmanager
def asked_for_work(is_at_work: AtWork) -> Generator[None]:
    """In this block, a silent call is not idle while this says so."""
    record = _RECORD.get(None) or CallRecord()
    record.at_work.append(is_at_work)
    try:
        yield
    finally:
        record.at_work.remove(is_at_work)

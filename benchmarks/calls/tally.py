"""What is measured at the callers' ears, over all calls of a run."""

from __future__ import annotations

from typing import Any

from .delays import Delays

FAULTS = (
    "refused",  # a call did not get through
    "dropped",  # the server ended one
    "unanswered",  # nothing came for 6 s
    "cut_short",  # a reply ended before its end
    "not_cleared",  # an interruption was not noticed while it lasted
    "not_closed",  # 10 s after the caller had hung up
)


class Tally:
    """Counts while it is open: not while calls are being placed or hung up.

    Attributes:
        latency: the caller's last loud frame to the reply's first loud sample playing.
        clearing: an interruption's first loud frame to `clear`.
        underruns: times without sound in the middle of a reply.
        replies: begun.
        stale: messages of an interrupted reply that came after its `clear`.
        faults: what should never happen, by name.
    """

    def __init__(self) -> None:
        self.is_open = False
        self.latency, self.clearing, self.underruns = Delays(), Delays(), Delays()
        self.replies = self.stale = 0
        self.faults: dict[str, int] = dict.fromkeys(FAULTS, 0)

    def fault(self, name: str) -> None:
        """Count one."""
        if self.is_open:
            self.faults[name] += 1

    def summary(self) -> dict[str, Any]:
        """All of it, as JSON takes it."""
        return {
            "replies": self.replies,
            "latency_ms": self.latency.summary(),
            "clear_ms": self.clearing.summary(),
            "underruns": len(self.underruns.seconds),
            "underrun_ms": self.underruns.summary(),
            "stale": self.stale,
            "faults": self.faults,
        }

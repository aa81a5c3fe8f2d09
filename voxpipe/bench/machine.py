"""What a process takes of its machine, and what keeps its loop from going on."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

_STALLS = "voxpipe.pipeline.runtime.stalls"  # who logs them

Stall = tuple[str, str, float]
"""Who kept the loop, where that stands, and for how many seconds."""


def memory_used() -> float:
    """Bytes that this process holds now; where the system does not say, at most."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except (OSError, ValueError, IndexError):
        import resource

        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return float(most if sys.platform == "darwin" else most * 1024)
    import resource

    return float(pages * resource.getpagesize())


def cpu_seconds(pid: int) -> float:
    """User and system time of a process, all its threads; 0 where none can be told."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return 0.0
    # The name, in brackets, can hold anything; the rest is numbers.
    fields = stat.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class _Notes(logging.Handler):
    def __init__(self, stalls: list[Stall]) -> None:
        super().__init__(logging.WARNING)
        self._stalls = stalls

    def emit(self, record: logging.LogRecord) -> None:
        told = record.args
        if isinstance(told, tuple) and len(told) == 4:
            who, seconds, _, place = told
            if isinstance(seconds, float):
                self._stalls.append((str(who), str(place), seconds))


@contextmanager
def stalls_noted(stalls: list[Stall]) -> Generator[None]:
    """Note what `StallMonitor` tells in this block."""
    logger = logging.getLogger(_STALLS)
    notes = _Notes(stalls)
    logger.addHandler(notes)
    try:
        yield
    finally:
        logger.removeHandler(notes)

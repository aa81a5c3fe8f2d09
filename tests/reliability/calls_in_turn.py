"""Rows 21 and 22: what calls leave behind, many short ones and a long one."""

from __future__ import annotations

import tracemalloc

from ..processors.realtime.loops import BACKENDS, run_virtually
from ..test_soak import Counter, long_call
from ..transports.telephony.test_thousand_calls import ENDS, blocks
from .row import Figure

MINUTE = 60.0  # seconds, virtual
BLOCK = 512  # bytes at most; what is larger is counted by nobody here


def calls_in_turn(warm: int = 400, calls: int = 200) -> Figure:
    """Calls that end in all ways, in memory, on both loops."""
    left = 0.0

    async def scene() -> float:
        before = 0
        for number in range(warm + calls):
            if number == warm:
                before = blocks()
            place = list(ENDS)[number % len(ENDS)]
            assert await place() == ENDS[place], place.__name__
        return (blocks() - before) / calls

    for backend in BACKENDS:
        left = max(left, run_virtually(backend, scene))
    said = f"{left:+.2f} blocks a call in {len(BACKENDS) * calls}"
    return Figure(said, kept=left * BLOCK <= 1_000)


def long(minutes: float = 5.0) -> Figure:
    """One call on each loop; an hour is `make soak`."""
    grown = 0
    for backend in BACKENDS:
        seconds = minutes * MINUTE
        watched = min(2 * MINUTE, 0.4 * seconds)
        grown = max(
            grown, run_virtually(backend, long_call, seconds, Counter(), watched)
        )
        assert not tracemalloc.is_tracing()
    said = f"{grown / 1e6:.2f} MB in {minutes:g} minutes (an hour: make soak)"
    return Figure(said, kept=grown <= 1_000_000)

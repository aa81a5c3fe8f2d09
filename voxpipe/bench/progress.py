"""How far a run is: one line that moves on a terminal, and lines elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Generator
from contextlib import contextmanager
from statistics import median

from anyio import current_time, sleep

from .plan import Live, Progress

MOVES = 0.5  # seconds, on a terminal
TELLS = 10.0  # seconds, elsewhere


@contextmanager
def shown() -> Generator[Progress]:
    """Show a run on standard error; what moves is gone at the end."""
    out = sys.stderr
    moves = out.isatty()

    async def show(live: Live) -> None:
        while True:
            line = _line(live, current_time())
            if moves:
                out.write(f"\r\x1b[K{line}")
            else:
                out.write(line + "\n")
            out.flush()
            await sleep(MOVES if moves else TELLS)

    try:
        yield show
    finally:
        if moves:
            out.write("\r\x1b[K")
            out.flush()


def _line(live: Live, now: float) -> str:
    latencies = live.latencies
    said = f", {median(latencies) * 1000:.0f} ms to an answer" if latencies else ""
    left = max(live.done_at - now, 0.0)
    return (
        f"{live.open} of {len(live.runs)} calls, {len(latencies)} turns{said}; "
        f"{left:.0f} s left"
    )

"""By how much an event loop is late."""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn

from anyio import current_time, sleep

STEP = 0.05  # seconds between two looks at the loop


async def lag_measured(note: Callable[[float], object]) -> NoReturn:
    """Look at the loop until cancelled.

    Args:
        note: is given the seconds by which it was late, at each look.
    """
    while True:
        due = current_time() + STEP
        await sleep(STEP)
        note(max(current_time() - due, 0.0))

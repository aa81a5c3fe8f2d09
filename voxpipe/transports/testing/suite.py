"""All checks, by name and together."""

from __future__ import annotations

from collections.abc import Mapping

from anyio import create_task_group

from . import bounds, ends, interruption, speech
from .check import Check, Verdict
from .far_side import Make
from .promise import BrokenPromise

_CHECKS: tuple[Check, ...] = (
    speech.formats,
    speech.heard_whole,
    speech.spoken_whole,
    speech.paced,
    speech.both_at_once,
    speech.position_true,
    speech.confirmed,
    speech.played_is_heard,
    interruption.interrupted,
    interruption.nothing_stale,
    bounds.slow_far_side,
    bounds.slow_agent,
    ends.far_side_leaves,
    ends.last_word,
    ends.hangs_up,
    ends.half_close,
    ends.cancelled,
    interruption.apart,
    interruption.keys,
    interruption.rubbish,
)


def transport_checks() -> list[Check]:
    """The checks, each of which may be a test by itself: ``await check(make)``."""
    return list(_CHECKS)


async def check_transport(make: Make) -> Mapping[str, Verdict]:
    """Check everything; beside each other, so that it takes as long as the longest.

    Args:
        make: called once or twice for each check.

    Returns:
        The verdict of each check, by its name.

    Raises:
        ExceptionGroup: of a `BrokenPromise` for each promise that is broken.
        Exception: whatever ``make`` or the far side has raised.
    """
    verdicts: dict[str, Verdict] = {}
    broken: list[BrokenPromise] = []

    async def run(check: Check) -> None:
        try:
            verdicts[check.name] = await check(make)
        except BrokenPromise as error:
            broken.append(error)

    await run(ends.cancelled)  # alone: it looks for what is left behind
    async with create_task_group() as tasks:
        for check in _CHECKS:
            if check is not ends.cancelled:
                tasks.start_soon(run, check)
    if broken:
        raise ExceptionGroup(
            f"{len(broken)} of {len(_CHECKS)} promises are broken", broken
        )
    return {str(check): verdicts[str(check)] for check in _CHECKS}

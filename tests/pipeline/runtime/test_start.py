"""Who waits for a run that has not begun waits ten seconds, and is told."""

from __future__ import annotations

import pytest
from anyio import create_task_group, current_time, sleep

from voxpipe.pipeline import VoxpipeError
from voxpipe.pipeline.runtime.start import START_TIMEOUT, Start
from voxpipe.pipeline.testing import run_virtual


def test_a_start_wakes_all_who_wait_and_keeps_nobody_after_it() -> None:
    async def scene() -> None:
        start, began = Start(), current_time()
        async with create_task_group() as tasks:
            tasks.start_soon(start.awaited, "one thing")
            tasks.start_soon(start.awaited, "another")
            await sleep(START_TIMEOUT - 1)
            start.set()
        assert current_time() - began == pytest.approx(START_TIMEOUT - 1)
        await start.awaited("a third")

    run_virtual(scene)


def test_without_a_start_the_error_says_what_was_waited_for() -> None:
    async def scene() -> None:
        with pytest.raises(VoxpipeError, match=r"^the weather comes"):
            await Start().awaited("the weather")

    run_virtual(scene)

"""Work is noticed from around whatever started it."""

from __future__ import annotations

from math import inf

import anyio.lowlevel
from anyio import create_task_group, current_time, sleep

from voxpipe.pipeline.runtime.work import Work, at_work


async def work(seconds: float) -> None:
    with at_work():
        await sleep(seconds)


async def test_work_is_noticed_while_it_lasts_and_when_it_ended() -> None:
    ours, others = Work(), Work()
    async with create_task_group() as tasks:
        with ours.noticed():
            tasks.start_soon(work, 0.01)
        with others.noticed():
            pass
        assert ours.last(1.0) == -inf
        await anyio.lowlevel.checkpoint()
        await anyio.lowlevel.checkpoint()
        assert (ours.last(1.0), others.last(1.0)) == (1.0, -inf)
    assert 0 <= current_time() - ours.last(inf) < 60
    assert others.last(1.0) == -inf


async def test_work_that_nobody_notices_is_done_all_the_same() -> None:
    await work(0)

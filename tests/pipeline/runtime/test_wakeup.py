"""What wakes a task."""

from __future__ import annotations

from anyio import create_task_group, move_on_after
from anyio.lowlevel import checkpoint

from voxpipe.pipeline.runtime.wakeup import Wakeup


async def test_ringing_is_not_lost_before_somebody_waits() -> None:
    bell = Wakeup()
    bell.set()
    bell.set()
    await bell.wait()
    with move_on_after(0) as scope:
        await bell.wait()  # both were heard at once
    assert scope.cancelled_caught


async def test_it_wakes_who_waits_again_and_again() -> None:
    bell, heard = Wakeup(), list[int]()

    async def wait() -> None:
        for number in range(3):
            await bell.wait()
            heard.append(number)

    async with create_task_group() as tasks:
        tasks.start_soon(wait)
        for _ in range(3):
            await checkpoint()
            await checkpoint()
            bell.set()
    assert heard == [0, 1, 2]


async def test_who_gave_up_waiting_does_not_take_the_ringing_along() -> None:
    bell = Wakeup()
    with move_on_after(0):
        await bell.wait()
    bell.set()
    await bell.wait()

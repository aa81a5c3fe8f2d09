"""What wakes a task."""

from __future__ import annotations

from anyio import create_task_group, move_on_after
from anyio.lowlevel import checkpoint

from voxpipe.pipeline.runtime.wakeup import Wakeup


async def test_it_is_not_lost_before_somebody_waits() -> None:
    wakeup = Wakeup()
    wakeup.set()
    wakeup.set()
    await wakeup.wait()
    with move_on_after(0) as scope:
        await wakeup.wait()  # both were one
    assert scope.cancelled_caught


async def test_it_wakes_who_waits_again_and_again() -> None:
    wakeup, woken = Wakeup(), list[int]()

    async def wait() -> None:
        for number in range(3):
            await wakeup.wait()
            woken.append(number)

    async with create_task_group() as tasks:
        tasks.start_soon(wait)
        for _ in range(3):
            await checkpoint()
            await checkpoint()
            wakeup.set()
    assert woken == [0, 1, 2]


async def test_who_gave_up_waiting_takes_no_wake_up_along() -> None:
    wakeup = Wakeup()
    with move_on_after(0):
        await wakeup.wait()
    wakeup.set()
    await wakeup.wait()


async def test_it_wakes_all_who_wait_though_one_gives_up() -> None:
    wakeup, woken = Wakeup(), list[str]()

    async def wait(name: str) -> None:
        await wakeup.wait()
        woken.append(name)

    async with create_task_group() as tasks:
        for name in "ab":
            tasks.start_soon(wait, name)
        await checkpoint()
        with move_on_after(0):
            await wakeup.wait()
        wakeup.set()
    assert sorted(woken) == ["a", "b"]

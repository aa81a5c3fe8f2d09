"""Work is noticed from around whatever does it."""

from __future__ import annotations

from math import inf

from anyio import Event, create_task_group

from voxpipe.pipeline.runtime.call_record import asked_for_work, recorded


class Box:
    def __init__(self) -> None:
        self.open = set[str]()
        self.ran, self.over = Event(), Event()

    async def run(self) -> None:
        with asked_for_work(lambda: bool(self.open)):
            self.ran.set()
            await self.over.wait()


async def test_work_is_noticed_while_it_lasts_and_when_it_was_last_seen() -> None:
    box = Box()
    with recorded("call=1") as ours:
        async with create_task_group() as tasks:
            tasks.start_soon(box.run)
            with recorded("call=2") as others:
                await box.ran.wait()
            assert ours.worked_at(1.0) == -inf
            box.open.add("a tool")
            assert (ours.worked_at(2.0), others.worked_at(2.0)) == (2.0, -inf)
            assert ours.worked_at(3.0) == 3.0
            box.open.clear()
            assert ours.worked_at(4.0) == 3.0
            box.open.add("another, and the box has gone")
            box.over.set()
        assert ours.worked_at(5.0) == 3.0


async def test_work_that_nobody_notices_is_done_all_the_same() -> None:
    box = Box()
    box.over.set()
    await box.run()
    assert box.ran.is_set()

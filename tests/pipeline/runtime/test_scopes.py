"""Tasks of a block: they end with it, and what goes wrong comes out as it is."""

from __future__ import annotations

import pytest
from anyio import (
    CancelScope,
    create_task_group,
    sleep_forever,
    wait_all_tasks_blocked,
)

from voxpipe.pipeline import SessionLost
from voxpipe.pipeline.runtime.scopes import tasks_until_done


async def fail(error: Exception) -> None:
    raise error


async def fail_at_the_end(error: Exception) -> None:
    try:
        await sleep_forever()
    finally:
        raise error


async def test_tasks_end_with_the_block() -> None:
    ended = list[str]()

    async def wait() -> None:
        try:
            await sleep_forever()
        finally:
            ended.append("task")

    async with tasks_until_done() as tasks:
        tasks.start_soon(wait)
        await wait_all_tasks_blocked()
        ended.append("block")
    assert ended == ["block", "task"]


async def test_what_the_block_raises_comes_out_alone_with_its_context() -> None:
    error = ValueError("of the block")

    async def run() -> None:
        async with tasks_until_done() as tasks:
            tasks.start_soon(sleep_forever)
            try:
                raise KeyError
            except KeyError:
                raise error  # noqa: B904  # the context is the point

    with pytest.raises(ValueError, match="of the block") as caught:
        await run()
    assert caught.value is error
    assert isinstance(error.__context__, KeyError)


async def test_what_a_task_raises_comes_out_alone_however_deep() -> None:
    error = ValueError("deep inside")

    async def nest() -> None:
        async with create_task_group() as inner:
            inner.start_soon(sleep_forever)
            inner.start_soon(fail, error)

    async def run() -> None:
        async with tasks_until_done() as tasks:
            tasks.start_soon(nest)
            await sleep_forever()

    with pytest.raises(ValueError, match="deep inside") as caught:
        await run()
    assert caught.value is error


async def test_several_errors_come_out_as_one_flat_group() -> None:
    async def run() -> None:
        async with tasks_until_done() as tasks:
            tasks.start_soon(fail_at_the_end, KeyError())
            tasks.start_soon(fail_at_the_end, SessionLost("gone"))
            await wait_all_tasks_blocked()
            raise ValueError

    with pytest.RaisesGroup(ValueError, KeyError, SessionLost):
        await run()


async def test_a_session_that_is_lost_for_all_is_told_once() -> None:
    async def run() -> None:
        async with tasks_until_done() as tasks:
            for _ in range(3):
                tasks.start_soon(fail_at_the_end, SessionLost("gone"))
            await wait_all_tasks_blocked()
            raise SessionLost("gone")

    with pytest.raises(SessionLost, match="gone"):
        await run()


async def test_a_cancellation_passes_through() -> None:
    with CancelScope() as scope:
        async with tasks_until_done() as tasks:
            tasks.start_soon(sleep_forever)
            scope.cancel()
            await sleep_forever()
    assert scope.cancelled_caught

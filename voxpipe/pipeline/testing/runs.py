"""Ways to run a whole pipeline in a test: with a limit, or cancelled at any step."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from anyio import CancelScope, create_task_group
from anyio.lowlevel import checkpoint

from voxpipe.pipeline.pipeline import Pipeline


async def run_within(seconds: float, pipeline: Pipeline) -> None:
    """Run a pipeline that should end by itself.

    Args:
        seconds: on anyio's clock, so any number will do in virtual time.
        pipeline: the one to run.

    Raises:
        TimeoutError: it did not end; says which boxes still ran, and what they had
            not yet read.
    """
    if await pipeline.run(deadline=seconds) == "finished":
        return
    inputs = pipeline.stats().inputs.items()
    unread = [f"{name} ({each.discarded})" for name, each in inputs if each.discarded]
    raise TimeoutError(
        f"after {seconds:g} s there still ran {', '.join(pipeline.unfinished)}; "
        f"unread: {', '.join(unread) or 'nothing'}"
    )


async def cancelled_at(step: int, run: Callable[[], Awaitable[Any]]) -> bool:
    """Cancel ``run`` after so many steps of the event loop; whether it came to that.

    With `no_leaks` around it, and every step tried in turn, this shows that a
    conversation can be left at any moment::

        step = 0
        while await cancelled_at(step, conversation):
            step += 1

    Steps are taken as fast as the loop goes, so this is for what does not wait for the
    clock; what does is cancelled at moments, by ``pipeline.run(deadline=…)``.
    """
    scope = CancelScope()

    async def pull_the_plug() -> None:
        for _ in range(step):
            await checkpoint()
        scope.cancel()

    async with create_task_group() as tasks:
        with scope:
            tasks.start_soon(pull_the_plug)
            await run()
        tasks.cancel_scope.cancel()
    return scope.cancelled_caught

"""The tasks of a box that talks to the service."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from anyio import create_task_group
from anyio.abc import TaskGroup

from voxpipe.pipeline import SessionLost
from voxpipe.pipeline.errors import leaves_of


@asynccontextmanager
async def tasks_until_done() -> AsyncGenerator[TaskGroup]:
    """Tasks that live as long as the block; what they raise comes out alone.

    Raises:
        SessionLost: once, though it is lost for all of them.
    """
    try:
        async with create_task_group() as tasks:
            yield tasks
            tasks.cancel_scope.cancel()
    except BaseExceptionGroup as group:
        error = _bare(group)
    else:
        return
    raise error  # here, so that it does not carry the group with it


def _bare(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The one error of a group; a session that is lost is lost for all tasks."""
    leaves = list(leaves_of(group))
    all_lost = all(isinstance(each, SessionLost) for each in leaves)
    return leaves[0] if all_lost or len(leaves) == 1 else group

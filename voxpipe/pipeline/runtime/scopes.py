"""Task groups out of which errors come as they are, not wrapped in groups."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import anyio

from voxpipe.pipeline.errors import SessionLost, leaves_of

if TYPE_CHECKING:
    from anyio.abc import TaskGroup


@asynccontextmanager
async def tasks_until_done() -> AsyncGenerator[TaskGroup]:
    """Tasks that live as long as the block; what it or one of them raises comes alone.

    Raises:
        SessionLost: once, though it is lost for all of them.
    """
    try:
        async with anyio.create_task_group() as tasks:
            yield tasks
            tasks.cancel_scope.cancel()
    except BaseExceptionGroup as group:
        error = bare(group, "several tasks failed", once=SessionLost)
    else:
        return
    raise error  # here, so that it does not carry the group with it


def bare(
    group: BaseExceptionGroup[BaseException],
    message: str,
    *,
    once: type[BaseException] | tuple[()] = (),
) -> BaseException:
    """The one error of a group, or all of them as a flat one.

    To be raised outside of ``except``, where it would lose its own cause and context.

    Args:
        group: of which groups within it, and what cancellation has left, are taken out.
        message: of the flat one.
        once: errors of which the first stands for all, if there are no others.
    """
    cancelled = anyio.get_cancelled_exc_class()
    leaves = list(leaves_of(group))
    errors = [each for each in leaves if not isinstance(each, cancelled)] or leaves[:1]
    if len(errors) == 1 or all(isinstance(each, once) for each in errors):
        return errors[0]
    return BaseExceptionGroup(message, errors)

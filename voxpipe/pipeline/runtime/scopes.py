"""The end of an ``async with`` that has tasks of its own."""

from __future__ import annotations

from types import TracebackType

from anyio.abc import TaskGroup


async def exit_group(
    tasks: TaskGroup,
    kind: type[BaseException] | None,
    error: BaseException | None,
    traceback: TracebackType | None,
) -> bool | None:
    """Leave a task group whose tasks end by themselves, at the end of ``async with``.

    What the user's block raised stays what it is: it has nothing to do with our tasks,
    and is not wrapped into a group for their sake.
    """
    if isinstance(error, Exception):
        await tasks.__aexit__(None, None, None)
        return None
    return await tasks.__aexit__(kind, error, traceback)

"""What would end the process, as a failure of whoever has raised it.

`sys.exit()` in a library with a command line is meant for its own program, and not for
a server with a hundred calls. asyncio takes it out of the loop wherever it is raised,
past every task group: so it is caught where foreign code is called.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Generator
from contextlib import contextmanager

import anyio

from .loop import in_trio


class ExitAttempted(Exception):
    """`SystemExit` was raised, or something else that is no `Exception`."""


_handled = 0  # blocks in which Ctrl-C is no exception


@contextmanager
def ctrl_c_handled() -> Generator[None]:
    """In this block a signal's handler takes Ctrl-C, and raises nothing.

    Then `KeyboardInterrupt` comes from a program that has raised it by itself.
    """
    global _handled
    _handled += 1
    try:
        yield
    finally:
        _handled -= 1


def orders() -> tuple[type[BaseException], ...]:
    """What is raised in a task from outside, and must pass: Ctrl-C, and an end."""
    ends = GeneratorExit, anyio.get_cancelled_exc_class()
    return ends if _handled else (KeyboardInterrupt, *ends)


def is_cancelled() -> bool:
    """Whether this task is to end: by a scope around it, or by its event loop."""
    if anyio.current_effective_deadline() == -math.inf:
        return True
    if in_trio():
        return False
    task = sys.modules["asyncio"].current_task()
    return bool(task.cancelling())


@contextmanager
def exits_as_failures(passing: tuple[type[BaseException], ...]) -> Generator[None]:
    """Raise an `ExitAttempted` in the place of what would end the process.

    Args:
        passing: what is let through beside every `Exception`; `orders` in a task.
    """
    try:
        yield
    except BaseException as error:
        if _passes(error, (Exception, *passing)):
            raise
        raise failure_of(error) from error


def failure_of(error: BaseException) -> ExitAttempted:
    """What to raise in the place of what would end the process."""
    name = type(error).__name__
    return ExitAttempted(f"{name}, which would have ended the process")


def _passes(error: BaseException, passing: tuple[type[BaseException], ...]) -> bool:
    inside: tuple[BaseException, ...] = getattr(error, "exceptions", ())  # of a group
    if inside:
        return all(_passes(each, passing) for each in inside)
    return isinstance(error, passing)

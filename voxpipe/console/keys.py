"""Single keys of a terminal, as they are pressed."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager

from anyio import wait_readable


@contextmanager
def keys_at_once() -> Generator[int | None]:
    """Have the terminal give each key by itself, and show none.

    Ctrl-C goes on to be what it is. Yields the descriptor to read, or ``None`` where
    there are no such keys: no terminal, or Windows.
    """
    if sys.platform == "win32" or sys.stdin is None or not sys.stdin.isatty():
        yield None
        return
    import termios
    import tty

    descriptor = sys.stdin.fileno()
    before = termios.tcgetattr(descriptor)
    tty.setcbreak(descriptor)
    try:
        yield descriptor
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


async def follow(descriptor: int, pressed: Callable[[str], object]) -> None:
    """Tell of each key until the terminal is gone."""
    while True:
        await wait_readable(descriptor)
        data = os.read(descriptor, 64)
        if not data:
            return
        for each in data.decode("utf-8", "ignore"):
            pressed(each)

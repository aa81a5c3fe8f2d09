"""Connections, one after the other, from a socket that listens: on any event loop.

When descriptors are used up asyncio's own way logs a traceback for each connection that
could wait, again and again (86,000 lines in 4 s, and half a core), and uvloop's hangs
up on all of them without a word.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import NoReturn

from anyio import sleep, wait_readable

PAUSE = 0.1  # seconds after a failure; they wait in the system meanwhile
AT_ONCE = 64  # connections that are taken in one step; then others have a turn


async def accept(
    listener: socket.socket,
    take: Callable[[socket.socket], object],
    failed: Callable[[OSError], object],
) -> NoReturn:
    """Take connections until it is cancelled.

    Args:
        listener: does not block; it stays open, and the caller's.
        take: is given each connection, which does not block, and closes it.
        failed: is told why none could be taken, most often for want of descriptors; ten
            times a second at most.
    """
    while True:
        await wait_readable(listener)
        error = _take_some(listener, take)
        if error is not None:
            failed(error)
            await sleep(PAUSE)


def _take_some(
    listener: socket.socket, take: Callable[[socket.socket], object]
) -> OSError | None:
    for _ in range(AT_ONCE):
        try:
            sock, _ = listener.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return None  # all are taken; or one has gone again
        except OSError as error:
            return error
        sock.setblocking(False)
        take(sock)
    return None

"""A process that has no descriptors left, but for those that a test has kept."""

from __future__ import annotations

import os
import resource
import socket
from collections.abc import Generator
from contextlib import ExitStack, contextmanager


class Kept:
    """What was opened while there was room."""

    def __init__(self, files: ExitStack) -> None:
        self._sockets = [files.enter_context(socket.socket()) for _ in range(4)]
        self._spare = [os.open(os.devnull, os.O_RDONLY) for _ in range(4)]
        files.callback(self.free, len(self._spare))

    def socket(self) -> socket.socket:
        """One that is not connected yet."""
        return self._sockets.pop()

    def free(self, count: int) -> None:
        """Let so many descriptors be opened."""
        while self._spare and count:
            os.close(self._spare.pop())
            count -= 1


@contextmanager
def no_descriptors() -> Generator[Kept]:
    """Have every attempt to open one fail, with EMFILE."""
    with ExitStack() as files:
        kept = Kept(files)
        free = os.dup(0)  # the lowest that there is
        os.close(free)
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (free, hard))
        try:
            yield kept
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

"""Names the code that swallows cancellation.

A task that catches its cancellation and goes on cannot be ended from inside the
process. What can be done is to say which box it is: by a thread, for the event loop may
be what is stuck.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from anyio import CancelScope, sleep_forever

GRACE = 2.0  # seconds from cancellation to the complaint

logger = logging.getLogger(__name__)


class Watchdog:
    """Watches over one run of a pipeline.

    Args:
        boxes: the names of those that will run.
    """

    def __init__(self, boxes: Iterable[str]) -> None:
        self._alive = dict.fromkeys(boxes)
        self._scope = CancelScope()
        self._timer: threading.Timer | None = None

    async def watch(self) -> None:
        """Wait beside the boxes: whoever cancels them cancels this too."""
        try:
            with self._scope:
                await sleep_forever()
        finally:
            if self._alive:
                self._timer = threading.Timer(GRACE, self._complain)
                self._timer.daemon = True
                self._timer.start()

    @contextmanager
    def life(self, name: str) -> Iterator[None]:
        """The time during which a box runs."""
        try:
            yield
        finally:
            self._alive.pop(name, None)
            if not self._alive:
                self.dismiss()

    def dismiss(self) -> None:
        """All boxes have ended."""
        self._scope.cancel()
        if self._timer is not None:
            self._timer.cancel()

    def _complain(self) -> None:
        for name in tuple(self._alive):
            logger.error(
                "%s was cancelled %.0f s ago and still runs: something in it swallows "
                "cancellation (a bare `except:`, `except BaseException`, or a blocking "
                "call); the pipeline cannot end before it does",
                name,
                GRACE,
            )

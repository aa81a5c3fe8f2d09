"""How a server ends: in peace, cut short, or by force.

Handlers of Python's own, not of the event loop, see a signal also while an app keeps
the loop from going round; and a thread ends a process that an app keeps, which
swallows its cancellation.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from time import monotonic
from types import FrameType

from anyio import Event, create_task_group

from voxpipe.pipeline.runtime.exits import ctrl_c_handled
from voxpipe.transports.telephony import Switchboard
from voxpipe.transports.telephony.switchboard import CLOSE_TIMEOUT

BY_FORCE = 70  # exit code: "internal software error" in sysexits.h
END_TIMEOUT = 5.0  # seconds from the end of all calls to that of the process
LEAVE_TIMEOUT = 0.1  # seconds; then the main thread has left the handler of the signal
LOG_TIMEOUT = 1.0  # seconds that the last line may take
_SIGNALS = (signal.SIGTERM, signal.SIGINT)

logger = logging.getLogger("voxpipe.calls")


class Stop:
    """Ends a server at a signal: the second cuts its calls, the third the process.

    Args:
        board: has the calls.
        seconds: that they may go on after the first signal.
        tell: says what happens to whoever has sent it.
    """

    def __init__(
        self, board: Switchboard, seconds: float, tell: Callable[[str], object]
    ) -> None:
        self._board = board
        self._seconds = seconds
        self._tell = tell
        self._count = 0
        self._first, self._second = Event(), Event()  # signals
        self._last = LastResort(board)

    @contextmanager
    def heeded(self) -> Generator[None]:
        """Heed signals in this block; entered in the event loop of the main thread."""
        import asyncio

        loop = asyncio.get_running_loop()

        def heed(number: int, frame: FrameType | None) -> None:
            self._count += 1
            if self._count > 2:
                self._last.within(LEAVE_TIMEOUT)
            else:
                calls_end = self._seconds if self._count == 1 else 0.0
                self._last.within(calls_end + CLOSE_TIMEOUT + END_TIMEOUT)
            came = self._first if self._count == 1 else self._second
            loop.call_soon_threadsafe(came.set)

        before = {each: signal.signal(each, heed) for each in _SIGNALS}
        try:
            with ctrl_c_handled():
                yield
        finally:
            for each, handler in before.items():
                signal.signal(each, handler)

    async def followed(self) -> None:
        """Wait for the first signal, and then until no call is left."""
        await self._first.wait()
        calls = self._board.calls
        self._tell(
            f"No new calls. {calls} under way have {self._seconds:g} s to finish; "
            "another signal ends them."
            if calls
            else "No new calls."
        )
        async with create_task_group() as tasks:
            tasks.start_soon(self._cut_short)
            cut = await self._board.drain(self._seconds)
            self._tell(f"Ended; calls that were cut: {cut}.")
            tasks.cancel_scope.cancel()
        self._last.within(END_TIMEOUT)

    async def _cut_short(self) -> None:
        await self._second.wait()
        await self._board.drain(0)

    def over(self) -> None:
        """The process ends by itself."""
        self._last.dismiss()


class LastResort:
    """A thread that ends the process when it is late, and says who has kept it."""

    def __init__(self, board: Switchboard) -> None:
        self._board = board
        # To put something into it is allowed in a handler of signals.
        self._orders: SimpleQueue[float | None] = SimpleQueue()
        threading.Thread(target=self._wait, name="voxpipe end", daemon=True).start()

    def within(self, seconds: float) -> None:
        """The process must have ended in so many; a later order cannot give it more."""
        self._orders.put(seconds)

    def dismiss(self) -> None:
        """It ends by itself."""
        self._orders.put(None)

    def _wait(self) -> None:
        ends_at = None
        while True:
            left = None if ends_at is None else max(0.0, ends_at - monotonic())
            try:
                seconds = self._orders.get(timeout=left)
            except Empty:
                break
            if seconds is None:
                return
            wanted = monotonic() + seconds
            ends_at = wanted if ends_at is None else min(ends_at, wanted)
        self._end()

    def _end(self) -> None:
        # Who keeps the loop may also hold what writes the log.
        silent = threading.Timer(LOG_TIMEOUT, os._exit, [BY_FORCE])
        silent.daemon = True
        silent.start()
        left = [f"{app}, at {at}" for app, at in self._board.standing().items()]
        logger.critical(
            "the process is ended by force, with code %d; what did not end: %s",
            BY_FORCE,
            "; ".join(left) or "nothing of a call",
        )
        os._exit(BY_FORCE)

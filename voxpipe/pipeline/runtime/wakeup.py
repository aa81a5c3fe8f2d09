"""What wakes a task."""

from __future__ import annotations

import anyio


class Wakeup:
    """An event for those who wait again and again: a `wait` takes the `set` back.

    To set it before anybody waits is not lost. It wakes all who wait, and some for
    nothing: each looks again whether there is what it waits for.
    """

    def __init__(self) -> None:
        self._is_set = False
        self._event: anyio.Event | None = None

    def set(self) -> None:
        """Wake the tasks that wait, or the next that will."""
        self._is_set = True
        if self._event is not None:
            self._event.set()
            self._event = None

    async def wait(self) -> None:
        """Wait until it is set."""
        if not self._is_set:
            self._event = self._event or anyio.Event()
            await self._event.wait()
        self._is_set = False

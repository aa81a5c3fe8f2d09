"""What wakes a task."""

from __future__ import annotations

from anyio import Event


class Wakeup:
    """Wakes one task; ringing it before it is waited for is not lost."""

    def __init__(self) -> None:
        self._rung = False
        self._event: Event | None = None

    def ring(self) -> None:
        """Wake the task that waits, or the next that will."""
        self._rung = True
        if self._event is not None:
            self._event.set()
            self._event = None

    async def heard(self) -> None:
        """Wait until it rings."""
        if not self._rung:
            self._event = Event()
            await self._event.wait()
        self._rung = False

"""What is done about a carrier whose marks do not return: it is asked, and not told."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from anyio import sleep
from anyio.abc import TaskGroup

from voxpipe.pipeline import AudioFrame, Playout

from .overdue import Overdue

ASK_INTERVAL = 1.0  # seconds; each costs a message, and 20 ms of silence


class Deaf:
    """Suspends the playout of a call until a mark returns.

    Args:
        ask: sends a moment of silence, and a mark of this name behind it.

    Attributes:
        since: when the first mark was due that did not return; ``None`` while all do.
    """

    def __init__(self, ask: Callable[[str], Awaitable[object]]) -> None:
        self.since: float | None = None
        self._ask = ask
        self._asked = 0
        self._overdue = Overdue()
        self._playout: Playout | None = None  # while the call runs
        self._tasks: TaskGroup | None = None

    def begin(self, playout: Playout, tasks: TaskGroup) -> None:
        """The call runs."""
        self._playout, self._tasks = playout, tasks

    def end(self) -> None:
        """It has run."""
        self._playout = self._tasks = self.since = None

    def sent(self, frame: AudioFrame, mark: str | None, now: float) -> None:
        """The carrier was given this, and a mark behind it."""
        self._overdue.sent(frame, mark, now)
        if mark is not None and self.since is None:
            self.since = since = self._overdue.since(now)
            if since is not None and self._playout and self._tasks:
                self._playout.suspend()
                self._tasks.start_soon(self._go_on_asking, since)

    def returned(self, mark: str, now: float) -> None:
        """A mark has come back."""
        self._overdue.returned(mark, now)
        if self.since is not None and self._overdue.since(now) is None:
            self._resume()

    def forget(self) -> None:
        """The carrier was cleared: it has nothing more to confirm."""
        self._overdue.forget()
        if self.since is not None:
            self._resume()

    def _resume(self) -> None:
        self.since = None
        if self._playout is not None:
            self._playout.resume()

    async def _go_on_asking(self, since: float) -> None:
        while self.since == since:  # perhaps marks were lost, and no others go out now
            self._asked += 1
            await self._ask(f"asked{self._asked}")
            await sleep(ASK_INTERVAL)

"""Beside an app: should it not end when it is cancelled, its caller is let go.

An app that swallows its cancellation cannot be ended from inside the process. It is
named in the log, and keeps its place; but nobody has to listen to its silence.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

from anyio import Event, move_on_after, sleep_forever

from voxpipe.pipeline import watchdog
from voxpipe.pipeline.runtime.scopes import tasks_until_done

LET_GO_TIMEOUT = 2.0  # seconds


class Attendant:
    """Attends one run of an app.

    Args:
        name: of the app, for the log.
        let_go: ends the connection to the caller, where it is ours to end.
    """

    def __init__(
        self, name: str, let_go: Callable[[], Awaitable[object]] | None = None
    ) -> None:
        self._name = name
        self._let_go = let_go
        self._watchdog = watchdog.Watchdog([name], whole="call")
        self._left = Event()

    def standing(self) -> dict[str, str]:
        """The app and where it stands, while it runs; from any thread."""
        return self._watchdog.standing()

    async def run(self, app: Callable[[], Awaitable[object]]) -> None:
        """Run it; what it raises comes alone."""
        async with tasks_until_done() as tasks:
            tasks.start_soon(self._wait)
            try:
                with self._watchdog.life(self._name):
                    await app()
            finally:
                self._left.set()

    async def _wait(self) -> None:
        try:
            await self._watchdog.watch(sleep_forever)
        finally:
            with move_on_after(watchdog.GRACE, shield=True):
                await self._left.wait()
            if self._let_go is not None and not self._left.is_set():
                with move_on_after(LET_GO_TIMEOUT, shield=True):
                    await self._let_go()


def name_of(app: object) -> str:
    """What an app is called in a log: where it is, and its name."""
    while isinstance(app, partial):
        app = app.func
    known = app if hasattr(app, "__qualname__") else type(app)
    return f"{known.__module__}.{getattr(known, '__qualname__', '')}"

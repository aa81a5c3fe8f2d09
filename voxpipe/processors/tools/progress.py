"""`Progress`: how a tool says where it is while it works."""

from __future__ import annotations

from collections.abc import Callable
from threading import get_ident
from typing import Literal

from anyio import from_thread

from voxpipe.pipeline.runtime.wakeup import Wakeup

Told = Literal["progress", "sentence"]


def _nobody(text: str, told: Told) -> None:
    """Who listens when the function is called without a conversation."""


class Progress:
    """Give a tool a parameter of this type, and it can say how far it is.

    The model is not told of the parameter. Each report is said when nobody speaks and
    the call is not answered yet; a newer one takes its place if it waits. It can be
    called from a thread too.

    Args:
        tell: what is done with a report; by default nothing, for tests of the tool.
    """

    def __init__(self, tell: Callable[[str, Told], object] = _nobody) -> None:
        self._tell = tell
        self._thread = get_ident()

    def __call__(self, text: str) -> None:
        """Report something, which the model tells the caller in its own words."""
        self._report(text, "progress")

    def say(self, text: str) -> None:
        """Have ``text`` said to the caller as it stands."""
        self._report(text, "sentence")

    def _report(self, text: str, told: Told) -> None:
        if get_ident() == self._thread:
            self._tell(text, told)
        else:
            from_thread.run_sync(self._tell, text, told)


class Reports:
    """The newest report of a call that nobody has taken yet."""

    def __init__(self) -> None:
        self._newest: tuple[str, Told] | None = None
        self._there = Wakeup()

    def add(self, text: str, told: Told) -> None:
        """Another one, in place of the one that waits."""
        self._newest = (text, told)
        self._there.set()

    async def next(self) -> tuple[str, Told]:
        """Wait for one."""
        await self._there.wait()
        assert self._newest is not None
        newest, self._newest = self._newest, None
        return newest

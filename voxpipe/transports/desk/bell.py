"""How a thread that may not wait wakes a task."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from voxpipe.pipeline.runtime.loop import way_in
from voxpipe.pipeline.runtime.wakeup import Wakeup


class Bell:
    """Rung in any thread, heard in the event loop in which it was made.

    To ring takes some microseconds and waits for nobody: the loop may be busy, or over.
    Rung again before it was heard, it is heard once.

    Args:
        heard: called in the loop, outside of every task, before who waits is woken.
    """

    def __init__(self, heard: Callable[[], object] | None = None) -> None:
        self._call = way_in()
        self._heard = heard
        self._wakeup = Wakeup()
        self._is_rung = False

    def ring(self) -> None:
        """Wake who waits, or the next that will."""
        if not self._is_rung:
            self._is_rung = True
            with suppress(RuntimeError):  # the loop is over, and nobody waits
                self._call(self._hear)

    async def wait(self) -> None:
        """Wait until it is rung."""
        await self._wakeup.wait()

    def _hear(self) -> None:
        self._is_rung = False  # first: what is rung from here on is heard again
        if self._heard is not None:
            self._heard()
        self._wakeup.set()

"""The start of a run, for those who wait for what only a run brings."""

from __future__ import annotations

from anyio import Event, move_on_after

from voxpipe.pipeline.errors import VoxpipeError

START_TIMEOUT = 10.0  # seconds that somebody may wait before the pipeline is started


class Start:
    """Set when a box begins to run, or never will."""

    __slots__ = ("_begun",)

    def __init__(self) -> None:
        self._begun = Event()

    def set(self) -> None:
        """Now, once and for all."""
        self._begun.set()

    async def awaited(self, what: str, come: Event | None = None) -> None:
        """Wait until there is hope.

        Args:
            what: comes only while the pipeline runs, as the subject of a sentence.
            come: set when it has come without one; then this waits for nothing else.

        Raises:
            VoxpipeError: no pipeline is started.
        """
        if self._begun.is_set():
            return
        with move_on_after(START_TIMEOUT):
            await (come or self._begun).wait()
        if not self._begun.is_set() and (come is None or not come.is_set()):
            raise VoxpipeError(
                f"{what} comes while the pipeline runs, and for {START_TIMEOUT:g} s it "
                "has not been started: have it run beside this, with "
                "`tasks.start_soon(pipeline.run)` in a task group"
            )

"""What wakes the tasks of a `Realtime`, and what waits for its ports' readers."""

from __future__ import annotations

from collections import deque

from anyio import Event

from voxpipe.pipeline import Frame, VoxpipeError

NEWS_WAITING = 4_096  # frames; more is a program that does not read


class Bell:
    """Wakes one task; ringing it before it is waited for is not lost."""

    def __init__(self) -> None:
        self._rung = False
        self._event: Event | None = None

    def ring(self) -> None:
        """Wake the task that waits, or the next that will."""
        self._rung = True
        if self._event is not None:
            self._event.set()

    async def heard(self) -> None:
        """Wait until it rings."""
        if not self._rung:
            self._event = Event()
            await self._event.wait()
            self._event = None
        self._rung = False


class News:
    """Frames on their way to ports that may be read slowly."""

    def __init__(self) -> None:
        self.frames: deque[tuple[str, Frame]] = deque()
        self.bell = Bell()

    def add(self, port: str, frame: Frame) -> None:
        """Queue ``frame`` for ``port``.

        Raises:
            VoxpipeError: a reader has not read for so long that the bound is reached.
        """
        if len(self.frames) >= NEWS_WAITING:
            raise VoxpipeError(
                f"{NEWS_WAITING} frames wait for the readers of the model's ports, the "
                f"last for `{port}`: one of them does not read"
            )
        self.frames.append((port, frame))
        self.bell.ring()

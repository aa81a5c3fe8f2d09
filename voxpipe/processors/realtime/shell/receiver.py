"""The way from the service: what it says is acted on as it comes, and wakes no task."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from voxpipe.pipeline.runtime.wakeup import Wakeup
from voxpipe.processors.realtime.connect.connection import Connection

TakeAtOnce = Callable[[Callable[[str], bool] | None], None]


class Receiving(Protocol):
    """The part of a protocol that heeds the service; see ``link.py``."""

    @property
    def closed(self) -> bool:
        """The service has said that nothing more will come."""
        ...

    def receive(self, message: str, now: float) -> bool:
        """Act on a message; ``False`` if it was audio and nothing else has moved."""
        ...


class Step(Protocol):
    """What takes out what a step of the protocol leaves; a `Link`."""

    audio: Wakeup
    now: Callable[[], float]

    def flush(self) -> None:
        """Something has moved."""
        ...


class Receiver:
    """Receives until there is no more.

    Args:
        connection: to the service.
        protocol: acts on what it says.
        link: takes out what is to be done.
    """

    def __init__(self, connection: Connection, protocol: Receiving, link: Step) -> None:
        self._connection = connection
        self._protocol = protocol
        self._link = link
        # Not every connection has it: one in memory, or on trio, wakes a task.
        self._take_at_once: TakeAtOnce = getattr(connection, "take_at_once", _nothing)
        self._failure: Exception | None = None
        self._is_stopped = False

    async def run(self) -> None:
        """Act on what comes until the service has said that nothing more will.

        Raises:
            SessionLost: the connection has ended before it.
            Exception: whatever the protocol has raised.
        """
        self._take_at_once(self._take)
        try:
            while not self._is_over:
                message = await self._connection.receive()
                if not self._is_over:  # else it was taken, and was the last one
                    self._act(message)
        finally:
            self._take_at_once(None)
        if self._failure is not None:
            raise self._failure

    def stop(self) -> None:
        """Heed nothing more: another connection is listened to from now on."""
        self._is_stopped = True
        self._take_at_once(None)

    @property
    def _is_over(self) -> bool:
        over = self._protocol.closed or self._failure is not None
        return over or self._is_stopped

    def _act(self, message: str) -> None:
        if self._protocol.receive(message, self._link.now()):
            self._link.flush()
        else:
            self._link.audio.set()

    def _take(self, message: str) -> bool:
        """As the task that waits, which is woken for the last one only."""
        try:
            self._act(message)
        except Exception as error:  # noqa: BLE001  # this is no place for it
            self._failure = error
            return False
        return not self._protocol.closed


def _nothing(_: Callable[[str], bool] | None) -> None:
    pass

"""What carries messages over a `Road`: each is given on when it has arrived."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Generic, TypeVar

from anyio import (
    BrokenResourceError,
    ClosedResourceError,
    create_memory_object_stream,
    current_time,
    sleep_until,
)

from .network import Road

Message = TypeVar("Message", str, bytes, "str | bytes")

IN_FLIGHT = 4096  # messages; more wait with who sends them


class Carriage(Generic[Message]):
    """One direction between two sides.

    Args:
        road: what it takes.
    """

    def __init__(self, road: Road) -> None:
        self._road = road
        ends = create_memory_object_stream[tuple[float, Any]](IN_FLIGHT)
        self._put, self._taken = ends

    async def send(self, message: Message) -> None:
        """Send one on its way.

        Raises:
            BrokenResourceError: nobody is there any more.
        """
        due = self._road.arrival(current_time(), len(message))
        try:
            await self._put.send((due, message))
        except ClosedResourceError:
            raise BrokenResourceError from None

    async def receive(self) -> Message:
        """Wait for the next to arrive.

        Raises:
            Exception: what ended the way from which they come.
        """
        due, came = await self._taken.receive()
        await sleep_until(due)
        if isinstance(came, Exception):
            raise came
        message: Message = came
        return message

    async def deliver(self, give: Callable[[Message], Awaitable[object]]) -> None:
        """Give on all that arrives, until it is closed or nobody takes it."""
        while True:
            await give(await self.receive())

    async def collect(self, take: Callable[[], Awaitable[Message]]) -> None:
        """Send on all that there is to take, and what ends that."""
        while True:
            try:
                message = await take()
            except Exception as end:  # noqa: BLE001  # `receive` raises it, in its turn
                await self.end(end)
                return
            await self.send(message)

    async def end(self, why: Exception) -> None:
        """Let the way end, behind all that was sent."""
        due = self._road.arrival(current_time(), 0)
        with suppress(ClosedResourceError, BrokenResourceError):
            await self._put.send((due, why))

    def close(self) -> None:
        """Carry no more."""
        self._put.close()
        self._taken.close()

"""A connection that is listened in on; its session cannot tell it from any other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .connection import Connection


class Tapped:
    """A connection whose messages somebody listens to.

    Args:
        connection: it hands them on as they are.
        sent: called with each that has left.
        received: called with each that has come, before anybody acts on it.
    """

    def __init__(
        self,
        connection: Connection,
        *,
        sent: Callable[[str], None],
        received: Callable[[str], None],
    ) -> None:
        self._connection = connection
        self._sent, self._received = sent, received
        # What it has beyond `Connection` is handed on only where it is there.
        quick = getattr(connection, "send_nowait", None)
        if quick is not None:
            self.send_nowait = self._quickly(quick)
        at_once = getattr(connection, "take_at_once", None)
        if at_once is not None:
            self.take_at_once = self._at_once(at_once)

    async def send(self, message: str, /) -> None:
        """As `Connection.send`."""
        await self._connection.send(message)
        self._sent(message)

    async def receive(self) -> str:
        """As `Connection.receive`."""
        message = await self._connection.receive()
        self._received(message)
        return message

    def _quickly(self, quick: Callable[[str], bool]) -> Callable[[str], bool]:
        def send_nowait(message: str) -> bool:
            is_sent = quick(message)
            if is_sent:
                self._sent(message)
            return is_sent

        return send_nowait

    def _at_once(self, at_once: Callable[[Any], None]) -> Callable[[Any], None]:
        def take_at_once(function: Callable[[str], bool] | None) -> None:
            if function is None:
                at_once(None)
                return
            take = function

            def taken(message: str) -> bool:
                self._received(message)  # first: to take it can mean to answer it
                return take(message)

            at_once(taken)

        return take_at_once

"""What a call needs of the connection to its carrier, whoever serves it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, runtime_checkable


class Socket(Protocol):
    """Messages both ways, in order: a WebSocket of any server, or two memory streams.

    One task receives at a time, and one sends.
    """

    async def receive(self) -> str | bytes:
        """Wait for the next message.

        Raises:
            EndOfStream: the connection has ended, however.
        """
        ...

    async def send(self, message: str | bytes, /) -> None:
        """Send one message; waits while the other side does not read.

        Raises:
            BrokenResourceError: the connection has ended, however.
        """
        ...

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """End the connection; harmless when it has ended."""
        ...


@runtime_checkable
class QuickSocket(Protocol):
    """A `Socket` that can give a message to a function, and wake no task for it."""

    def take_at_once(self, function: Callable[[str | bytes], bool] | None) -> None:
        """Have messages given to ``function`` when they come, while none waits.

        It is called outside of every task, says whether it has dealt with the message
        (else that is received as ever), and must not raise. ``None`` takes it back.
        """
        ...

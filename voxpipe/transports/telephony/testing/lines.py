"""The connection that a fake carrier holds, and one in memory between two tasks."""

from __future__ import annotations

from typing import Protocol

from anyio import (
    BrokenResourceError,
    ClosedResourceError,
    EndOfStream,
    create_memory_object_stream,
)
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from voxpipe.transports.telephony.socket import Socket

CAPACITY = 64  # messages each way; what the buffers of a socket would hold, and less


class CallerLine(Socket, Protocol):
    """The carrier's end of a connection.

    Attributes:
        close_code: with which the connection was closed: by either side; ``None``
            while it is open, and when it was broken.
    """

    @property
    def close_code(self) -> int | None:  # noqa: D102  # see above
        ...

    async def abort(self) -> None:
        """Break the connection without a word."""
        ...


class MemoryLine:
    """One end of a connection in memory; `memory_lines` makes two.

    What was sent before the other end closed can still be received.
    """

    def __init__(
        self,
        codes: list[int | None],
        sender: MemoryObjectSendStream[str | bytes],
        receiver: MemoryObjectReceiveStream[str | bytes],
    ) -> None:
        self._codes = codes  # both ends': with which it was closed, or that it broke
        self._sender = sender
        self._receiver = receiver

    @property
    def close_code(self) -> int | None:
        """With which the connection was closed, by either side."""
        return self._codes[0] if self._codes else None

    async def receive(self) -> str | bytes:
        """Wait for the next message.

        Raises:
            EndOfStream: the connection has ended.
        """
        try:
            return await self._receiver.receive()
        except ClosedResourceError:
            raise EndOfStream from None  # closed from here

    async def send(self, message: str | bytes, /) -> None:
        """Send one message.

        Raises:
            BrokenResourceError: the connection has ended.
        """
        try:
            await self._sender.send(message)
        except ClosedResourceError:
            raise BrokenResourceError from None

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """End the connection; the reason goes nowhere."""
        self._end(code)

    async def abort(self) -> None:
        """Break the connection without a word."""
        self._end(None)

    def _end(self, code: int | None) -> None:
        if not self._codes:
            self._codes.append(code)
        self._sender.close()
        self._receiver.close()


def memory_lines(capacity: int = CAPACITY) -> tuple[MemoryLine, MemoryLine]:
    """Two ends of a connection: no socket, and virtual time if you like.

    Args:
        capacity: messages that each end may be behind before the other waits.
    """
    codes = list[int | None]()
    to_b, from_a = create_memory_object_stream[str | bytes](capacity)
    to_a, from_b = create_memory_object_stream[str | bytes](capacity)
    return MemoryLine(codes, to_b, from_b), MemoryLine(codes, to_a, from_a)

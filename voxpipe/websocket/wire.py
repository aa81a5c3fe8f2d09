"""The seam under all WebSockets: what sends, and what is told."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

from websockets.exceptions import ProtocolError
from websockets.frames import Close

if TYPE_CHECKING:
    import asyncio

CLOSE_REASON = 123  # bytes, RFC 6455, section 5.5


class Bytes(Protocol):
    """Bytes both ways, as asyncio's transports have them."""

    def write(self, data: bytes, /) -> None:
        """Send, as soon as the system takes it."""
        ...

    def close(self) -> None:
        """End it when all is sent."""
        ...

    def abort(self) -> None:
        """End it now."""
        ...

    def pause_reading(self) -> None:
        """Let what comes wait."""
        ...

    def resume_reading(self) -> None:
        """Do so no longer."""
        ...

    def get_write_buffer_size(self) -> int:
        """Bytes that the system has not taken."""
        ...


class Wire(Protocol):
    """One end of an open WebSocket.

    It never waits. Who sends much looks at `Listener.pause_writing`.

    Attributes:
        heard_at: when something came last, though it was no whole frame; as the clock
            says that it was given, else never.
        pong: what the last one said.
    """

    heard_at: float
    pong: bytes

    @property
    def unfinished(self) -> int:
        """Bytes of a message that are kept until all of it has come."""
        ...

    def feed(self, data: bytes, /) -> None:
        """Take what came behind the handshake, before all that comes from now on."""
        ...

    def send(self, message: str | bytes, /) -> None:
        """Send a message: text, or binary; nothing after a goodbye."""
        ...

    def ping(self, data: bytes = b"", /) -> None:
        """Ask for a sign of life: a `pong` that says the same."""
        ...

    def close(self, code: int, reason: str = "") -> None:
        """Say goodbye, unless that was said; a reason is cut to what a frame holds."""
        ...

    def fail(self, code: int, reason: str = "") -> None:
        """Say goodbye because of what has come, and tell the listener."""
        ...


class Listener(Protocol):
    """What a `Wire` tells, outside of every task; it must not raise."""

    def on_message(self, message: str | bytes, /) -> None:
        """A message has come: text, or binary. None comes after a goodbye."""
        ...

    def on_close(self, code: int, reason: str, /) -> None:
        """The other side has said goodbye; 1005 without a code. It is answered."""
        ...

    def on_fault(self, code: int, size: int, /) -> None:
        """What it has sent cannot be read, and it was told so.

        Args:
            code: that it was closed with.
            size: of its message in bytes, as far as that is known, if it is too long.
        """
        ...

    def on_lost(self, error: Exception | None, /) -> None:
        """The connection below has ended.

        Args:
            error: with which, if it is known.
        """
        ...

    def pause_writing(self) -> None:
        """The system takes no more."""
        ...

    def resume_writing(self) -> None:
        """It does again."""
        ...


def half_close(transport: asyncio.Transport) -> None:
    """Say that nothing more comes from here, or end it: TLS cannot say it."""
    if not transport.can_write_eof():
        transport.close()
    elif not transport.is_closing():
        with suppress(OSError):  # the other side has gone
            transport.write_eof()


def goodbye(code: int, reason: str) -> Close:
    """What a close frame can say of it: 1011 for a code that must not be sent."""
    close = Close(code, reason.encode()[:CLOSE_REASON].decode("utf-8", "ignore"))
    try:
        close.check()
    except ProtocolError:
        return Close(1011, close.reason)
    return close

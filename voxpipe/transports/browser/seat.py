"""A place in a call that outlives the connections of the page that sits in it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from anyio import (
    BrokenResourceError,
    CancelScope,
    EndOfStream,
    Event,
    Lock,
    move_on_after,
)

from voxpipe.transports.telephony.socket import QuickSocket, Socket

PATIENCE = 30.0  # seconds that a seat is kept for who has lost the connection

Take = Callable[[str | bytes], bool]


class Seat:
    """A `Socket` for one call: over one connection after the other.

    While nobody sits in it, `receive` waits for 30 s, and what is sent goes nowhere: it
    is for the call to know, and to wait for `taken` with what must not be lost.

    Args:
        socket: the first connection.
        name: of the call.

    Attributes:
        name: as it was given.
        lost: called when a connection is lost, or given up for another.
        resumed: called when the next has come, before anything is received by it.
    """

    def __init__(self, socket: Socket, name: str) -> None:
        self.name = name
        self._socket: Socket | None = socket
        self._sits = Event()  # somebody does
        self._sits.set()
        self._left = Event()  # whoever has the present socket
        self._receiving = CancelScope()  # which a connection that is dead keeps waiting
        self._writing = CancelScope()
        self._quick: Take | None = None
        self._sending = Lock(fast_acquire=True)
        self._is_over = False
        self.lost: Callable[[], object] = lambda: None
        self.resumed: Callable[[], object] = lambda: None

    @property
    def is_taken(self) -> bool:
        """Somebody sits in it."""
        return self._socket is not None

    @property
    def is_over(self) -> bool:
        """Nobody can come back to it."""
        return self._is_over

    async def taken(self) -> None:
        """Wait until somebody sits in it."""
        await self._sits.wait()

    async def sit(self, socket: Socket) -> None:
        """Go on with the call over ``socket``, until that is lost or the call over."""
        if self._is_over:
            return
        before = self._stand_up()
        left = self._left = Event()
        self._socket = socket
        self.resumed()
        self._offer(self._quick)
        self._sits.set()
        if before is not None:
            await before.close(1001, "the call goes on over another connection")
        await left.wait()

    # --- as `Socket`

    async def receive(self) -> str | bytes:
        """As `Socket.receive`; after a loss, from the next connection."""
        while True:
            with move_on_after(PATIENCE):
                await self._sits.wait()
            socket = self._socket
            if self._is_over or socket is None:
                self._is_over = True
                raise EndOfStream
            try:
                with CancelScope() as self._receiving:
                    return await socket.receive()
            except EndOfStream:
                if socket is self._socket:
                    self._stand_up()

    async def send(self, message: str | bytes, /) -> None:
        """As `Socket.send`, but that a loss goes unnoticed here."""
        async with self._sending:  # two tasks have something to say
            if self._socket is not None:
                # Whoever receives is told when it is broken.
                with CancelScope() as self._writing, suppress(BrokenResourceError):
                    await self._socket.send(message)

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """As `Socket.close`; nobody can come back."""
        self._is_over = True
        socket = self._stand_up()
        self._sits.set()
        if socket is not None:
            await socket.close(code, reason)

    def take_at_once(self, function: Take | None) -> None:
        """As `QuickSocket.take_at_once`."""
        self._quick = function
        self._offer(function)

    def _offer(self, function: Take | None) -> None:
        socket = self._socket
        if socket is not None and isinstance(socket, QuickSocket):
            socket.take_at_once(function)

    def _stand_up(self) -> Socket | None:
        socket = self._socket
        if socket is None:
            return None
        self._offer(None)
        self._socket = None
        self._left.set()
        if not self._is_over:
            self._sits = Event()
            self.lost()
        self._receiving.cancel()
        self._writing.cancel()
        return socket

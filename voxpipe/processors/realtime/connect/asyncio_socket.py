"""The socket under a session on asyncio: websockets' protocol in a thin shell.

The caller's audio goes out fifty times a second. Here that is one function call which
frames a message and writes it, from whatever task has it: no task is woken, no lock is
taken, and nothing waits unless the socket is full. (The connection that websockets has
for asyncio can only be sent to by waiting.) What comes in is put in a line, as little
as a reader can be behind.
"""

from __future__ import annotations

import ssl
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import cache
from logging import Logger
from typing import Any

from anyio import CancelScope, Event, fail_after, move_on_after
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.http11 import Response
from websockets.protocol import State
from websockets.uri import WebSocketURI, parse_uri

from voxpipe.pipeline import SessionLost
from voxpipe.pipeline.runtime.batch import batch
from voxpipe.pipeline.runtime.loop import one_per_loop
from voxpipe.pipeline.runtime.timer import Timer, timers

from .close import Timeouts, lost, unheard, unread
from .dial import dial
from .host import Address
from .masking import Masking
from .proxy import Proxy

_MOST = 64  # messages in the line; then the service has to wait
_FEW = 16  # messages, at which it may go on
_READ = 64 * 2**10  # bytes at once; 250 ms of audio are 16,000 in base64
_FULL = 64 * 2**10  # bytes that the system has not taken; more make a sender wait


@asynccontextmanager
async def open_asyncio(
    address: Address,
    patience: Timeouts,
    *,
    proxy: Proxy | None,
    max_size: int,
    logger: Logger,
) -> AsyncGenerator[AsyncioSocket]:
    """Connect, and close at the end of the context.

    Raises:
        OSError, ProxyRefused, InvalidHandshake, EOFError: there is no connection, or no
            upgrade.
    """
    import asyncio  # only where it runs

    uri = parse_uri(address.url)
    protocol = _protocol()(uri, address, patience, max_size, logger)
    socket: AsyncioSocket = protocol
    context = ssl.create_default_context() if uri.secure else None
    try:
        with fail_after(patience.open):
            await asyncio.get_running_loop().create_connection(
                lambda: protocol,
                sock=await dial(uri.host, uri.port, proxy),
                ssl=context,
                server_hostname=uri.host if context else None,
            )
            await socket.opened()
        yield socket
    finally:
        await socket.close()


class AsyncioSocket:
    """A `Connection` that can also be sent to without waiting.

    It is what asyncio calls a buffered protocol. (The other kind gets new `bytes` for
    each read, a quarter of a megabyte, which the C library maps and unmaps each time:
    25 µs.)
    """

    def __init__(
        self,
        uri: WebSocketURI,
        address: Address,
        patience: Timeouts,
        max_size: int,
        logger: Logger,
    ) -> None:
        self._protocol = ClientProtocol(uri, max_size=max_size, logger=logger)
        self._address = address
        self._patience = patience
        self._transport: Any = None
        self._masking = Masking()
        self._buffer = _buffer()
        self._messages: deque[str] = deque()  # bounded by `_MOST`, and one read
        self._parts: list[bytes] = []  # of a message that is sent in several
        self._arrival: Event | None = None  # somebody waits for a message
        self._room: Event | None = None  # the system takes no more
        self._changed = Event()  # the upgrade was answered, or never will be
        self._upgraded = False
        self._gone = Event()  # the TCP connection has ended
        self._reading = True
        self._closing = False
        self._heard = True  # something came since the timer last fired
        self._asked = False  # a ping is out
        self._batch = batch()
        self._clock = timers()
        self._timer: Timer | None = None
        self._why: SessionLost | None = None

    # --- what a session does with it

    async def opened(self) -> None:
        """Wait for the upgrade; raises why there is none."""
        await self._changed.wait()
        if self._protocol.handshake_exc is not None:
            raise self._protocol.handshake_exc
        if not self._upgraded:
            raise EOFError("the connection ended before it was opened")
        self._set_timer(self._patience.quiet)

    def send_nowait(self, message: str) -> bool:
        """Send a message if that needs no waiting; says whether it was sent.

        Raises:
            SessionLost: the connection has ended.
        """
        if self._room is not None:
            return False
        if self._protocol.state is not State.OPEN:
            raise self._lost()
        self._batch.write(self._transport, self._masking.text(message))
        return True

    async def send(self, message: str, /) -> None:
        """Send a message, waiting while the service does not read."""
        while not self.send_nowait(message):
            assert self._room is not None
            await self._room.wait()

    async def receive(self) -> str:
        """The next message."""
        while not self._messages:
            if self._gone.is_set() or self._protocol.state is not State.OPEN:
                raise self._lost()
            self._arrival = Event()
            await self._arrival.wait()
        message = self._messages.popleft()
        if not self._reading and len(self._messages) <= _FEW:
            self._reading = True
            self._transport.resume_reading()
        return message

    async def close(self) -> None:
        """Say goodbye, and wait a little for the other side to say it, too."""
        if self._timer is not None:
            self._timer.cancel()
        if self._transport is None:
            return
        self._closing = True
        with CancelScope(shield=True):
            with move_on_after(self._patience.farewell):
                if self._protocol.state is State.OPEN:
                    self._protocol.send_close(1000)
                    self._write()
                if self._protocol.state is State.CLOSING:
                    if not self._reading:
                        self._transport.resume_reading()
                    await self._gone.wait()
            self._transport.abort()
            await self._gone.wait()

    def _lost(self) -> SessionLost:
        if self._why is not None:
            return self._why
        if self._protocol.state is not State.CLOSED:
            received = self._protocol.close_rcvd
            code = received.code if received else None
            return lost(code, received.reason if received else "")
        return lost(self._protocol.close_code, self._protocol.close_reason or "")

    # --- what asyncio calls

    def connection_made(self, transport: Any) -> None:
        """There is a TCP connection: ask for the upgrade."""
        self._transport = transport
        transport.set_write_buffer_limits(_FULL)
        request = self._protocol.connect()
        request.headers.update(self._address.headers())
        self._protocol.send_request(request)
        self._write()

    def get_buffer(self, sizehint: int) -> bytearray:
        """Where to put what comes."""
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """So much has come."""
        self._heard = True
        self._protocol.receive_data(self._buffer[:nbytes])
        self._take_events()

    def eof_received(self) -> None:
        """Nothing more will."""
        self._protocol.receive_eof()
        self._take_events()

    def connection_lost(self, exc: Exception | None) -> None:
        """The TCP connection has ended."""
        if self._protocol.state is not State.CLOSED:
            self._protocol.receive_eof()
        self._protocol.events_received()
        self._gone.set()
        self._wake()
        self.resume_writing()

    def pause_writing(self) -> None:
        """The system takes no more."""
        self._room = Event()

    def resume_writing(self) -> None:
        """It does again."""
        room, self._room = self._room, None
        if room is not None:
            room.set()

    # --- the inside

    def _take_events(self) -> None:
        for event in self._protocol.events_received():
            if isinstance(event, Response):
                self._upgraded = self._protocol.handshake_exc is None
                self._changed.set()
            elif isinstance(event, Frame):
                self._take(event)
        if self._protocol.handshake_exc is not None:
            self._changed.set()
        self._write()
        if self._messages or self._protocol.state in _OVER:
            self._wake()  # not while half of the upgrade's answer has come
        if len(self._messages) > _MOST and self._reading and not self._closing:
            self._reading = False
            self._transport.pause_reading()

    def _take(self, frame: Frame) -> None:
        if self._closing or frame.opcode not in _DATA:
            return
        if not frame.fin or self._parts:
            self._parts.append(bytes(frame.data))
            if not frame.fin:
                return
            data = b"".join(self._parts)
            self._parts.clear()
        else:
            data = bytes(frame.data)
        self._messages.append(data.decode("utf-8", "replace"))

    def _write(self) -> None:
        for data in self._protocol.data_to_send():
            if data:
                self._transport.write(data)
            elif self._transport.can_write_eof():
                self._transport.write_eof()
            else:
                self._transport.close()

    def _wake(self) -> None:
        self._changed.set()
        arrival, self._arrival = self._arrival, None
        if arrival is not None:
            arrival.set()

    # --- whether anybody is still there

    def _set_timer(self, seconds: float) -> None:
        self._heard = False
        clock = self._clock
        self._timer = clock.at(clock.now() + seconds, self._check)

    def _check(self) -> None:
        # Whatever comes is a sign of life: a pong can be behind a minute of audio.
        if self._protocol.state is not State.OPEN:
            return
        if self._heard or not self._reading:
            self._asked = False
            self._set_timer(self._patience.quiet)
        elif not self._asked:
            self._asked = True
            self._protocol.send_ping(b"")
            self._write()
            self._set_timer(self._patience.answer)
        else:
            self._why = (
                unread(self._patience) if self._room else unheard(self._patience)
            )
            self._transport.abort()


@cache
def _protocol() -> Any:
    """`AsyncioSocket`, as asyncio asks for it."""
    import asyncio

    class Protocol(AsyncioSocket, asyncio.BufferedProtocol):
        """Calls itself one."""

    return Protocol


# What all sockets of a loop read into: nothing of it is kept.
_buffer = one_per_loop("voxpipe model socket buffer", lambda: bytearray(_READ))
_OVER = (State.CLOSING, State.CLOSED)
_DATA = (Opcode.TEXT, Opcode.BINARY, Opcode.CONT)

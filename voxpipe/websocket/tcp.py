"""One TCP connection that was accepted, with a bound in both directions.

On asyncio it is what that calls a protocol, and on trio over a `TrioTransport`.
All connections of a loop read into one buffer. asyncio's other kind of protocol gets
new `bytes` for each read, a quarter of a megabyte, which the C library maps and unmaps
each time: 25 µs, as much as all the rest that a message of a call costs here. It is
small, as what fits in is worked on at once: 64 kB of pings took 0.8 s.
"""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from anyio import Event

from voxpipe.pipeline.runtime.wakeup import Wakeup

from .choice import begin_fast
from .plain_wire import PlainWire
from .wire import Listener, Wire, half_close

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Sequence

    from websockets.extensions import Extension

    from voxpipe.pipeline.runtime.batch import Batch

BUFFER = 8_192  # bytes, shared by all connections; a message of a call has 400
HIGH_WATER = 4_096  # bytes unsent, until `flushed` waits: 0.4 s of a call
_MAX_PENDING = 65_536  # bytes that wait to be read before the kernel has to keep them


class TcpConnection:
    """Bytes both ways.

    What comes in waits for `read`, until somebody takes over with `hand_to`.

    Args:
        buffer: to read into; nothing of it is kept.
        batch: the loop's, if it is asyncio's.

    Attributes:
        is_lost: nothing can be sent any more, or nobody would want it.
        is_full: so much waits to be sent that it had better wait.
        client: address and port of the other side; ``server``, of this one.
    """

    __slots__ = (
        "_batch",
        "_buffer",
        "_ended",
        "_eof",
        "_flushed",
        "_lost",
        "_more",
        "_pending",
        "_reader",
        "_transport",
        "_wire",
        "client",
        "is_full",
        "is_lost",
        "server",
    )

    def __init__(self, buffer: memoryview, batch: Batch | None) -> None:
        self._buffer = buffer
        self._batch = batch
        self._reader: Callable[[bytes], None] = self._keep
        self._pending = bytearray()
        self._wire: PlainWire | None = None  # once it is a WebSocket
        self._eof = False
        self._more = Wakeup()
        self._flushed = Wakeup()
        self._ended = Event()
        self._lost = Event()
        self.is_full = False
        self.is_lost = False

    # --- for those who read and write

    async def read(self) -> bytes:
        """Some bytes, or none at the end."""
        while not self._pending and not self._eof:
            self.listen()
            await self._more.wait()
        return self.take()

    @property
    def is_at_end(self) -> bool:
        """Nothing comes any more, behind what was not read."""
        return self._eof

    @property
    def is_closing(self) -> bool:
        """What is sent goes nowhere, though that was not told yet."""
        return self._transport.is_closing()

    def take(self) -> bytes:
        """What has come and was not read."""
        self.catch_up()
        data = bytes(self._pending)
        self._pending.clear()
        return data

    def hand_to(self, reader: Callable[[bytes], None]) -> None:
        """From now on call ``reader`` with what comes, and with nothing at the end."""
        self._reader = reader
        if self._pending:
            reader(bytes(self._pending))
            self._pending.clear()
        if self._eof:
            self.is_lost = True
            reader(b"")
        self.listen()

    def catch_up(self) -> None:
        """Have what came looked at, if that is put off until all has been read."""
        if self._batch is not None:
            self._batch.run()

    def upgrade(
        self,
        listener: Listener,
        max_size: int,
        *,
        extensions: Sequence[Extension] = (),
        on_read: Callable[[], None] | None = None,
    ) -> Wire:
        """Make a WebSocket of it.

        Args:
            listener: told of what comes from now on; `note_full` and `note_end` are to
                be told of the rest.
            max_size: bytes of a message.
            extensions: that were agreed on; picows knows none.
            on_read: called when something has come, and was looked at.
        """
        wire: Wire | None = None
        if not extensions:
            wire = begin_fast(
                self._transport,
                listener,
                is_client=False,
                max_size=max_size,
                on_read=on_read,
            )
        if wire is None:
            wire = self._wire = PlainWire(
                self._transport,
                listener,
                is_client=False,
                max_size=max_size,
                extensions=extensions,
                on_read=on_read,
                hang_up=self.half_close,
            )
            self.hand_to(wire.feed)
        self.listen()
        return wire

    def note_full(self, is_full: bool) -> None:
        """So much waits to be sent that it had better wait; or no longer."""
        self.is_full = is_full
        if not is_full:
            self._flushed.set()

    def note_end(self) -> None:
        """It has ended, in both directions."""
        self._eof = self.is_lost = True
        self._ended.set()
        self.note_full(False)
        self._lost.set()

    def hold(self) -> None:
        """Read no more for now; the kernel makes the other side wait."""
        if not self.is_lost:
            self._transport.pause_reading()

    def listen(self) -> None:
        """Read on."""
        if not self.is_lost and not self._eof:
            self._transport.resume_reading()

    def write(self, data: bytes) -> None:
        """Send, or keep for sending; to be followed by `flushed` before much more."""
        if data and not self.is_lost:
            self._transport.write(data)

    async def flushed(self) -> bool:
        """Wait while the other side does not read; whether it is still there."""
        while self.is_full and not self.is_lost:
            await self._flushed.wait()
        return not self.is_lost

    async def ended(self) -> None:
        """Wait until the other side sends no more; it may still read."""
        await self._ended.wait()

    async def lost(self) -> None:
        """Wait until the connection has ended."""
        await self._lost.wait()

    def half_close(self) -> None:
        """Say that nothing more comes from here, once all that was written is sent.

        To close with something unread would take back what was just sent.
        """
        half_close(self._transport)

    def close(self) -> None:
        """End it, once all that was written is sent."""
        self._transport.close()

    def abort(self) -> None:
        """End it now."""
        if not self._lost.is_set():  # asyncio's transports raise when that is twice
            self._transport.abort()

    def reset(self) -> None:
        """End it now, by a reset."""
        sock = self._transport.get_extra_info("linger") or (
            self._transport.get_extra_info("socket")
        )
        # A second handle of the same socket: not every loop's lets options be set.
        with socket.socket(fileno=os.dup(sock.fileno())) as same:
            linger = struct.pack("ii", 1, 0)  # on, for no time
            same.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.abort()

    def _keep(self, data: bytes) -> None:
        self._pending += data
        if not data:
            self._eof = True
        elif len(self._pending) > _MAX_PENDING:
            self.hold()
        self._more.set()

    # --- for the event loop: asyncio.BufferedProtocol; on trio `feed` and `end`

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It is there."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(high=HIGH_WATER)
        self.client = transport.get_extra_info("peername")
        self.server = transport.get_extra_info("sockname")

    def get_buffer(self, sizehint: int) -> memoryview:
        """Where to put what comes."""
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """So much has come."""
        assert self._batch is not None
        self._batch.take(self.feed, bytes(self._buffer[:nbytes]))
        if nbytes == BUFFER:  # there is more: uvloop would read on, and hold too late
            self.catch_up()

    def feed(self, data: bytes) -> None:
        """This has come."""
        try:
            self._reader(data)
        except Exception:
            self.abort()
            raise

    def eof_received(self) -> bool:
        """No more will come.

        Who has asked for something may be answered. Once somebody has taken over, the
        event loop sends what is written, and closes.
        """
        self.catch_up()
        may_be_answered = self._reader == self._keep
        if not self._eof:
            self._eof = True
            self.is_lost = self.is_lost or not may_be_answered
            self._ended.set()
            self._reader(b"")
            if self.is_lost:
                self.note_full(False)
        return may_be_answered

    end = eof_received

    def connection_lost(self, exc: Exception | None) -> None:
        """It has gone."""
        self.is_lost = True
        self.eof_received()
        if self._wire is not None:
            self._wire.connection_lost(exc)
        self.note_end()

    def pause_writing(self) -> None:
        """Too much waits to be sent."""
        if self._wire is None:
            self.note_full(True)
        else:
            self._wire.pause_writing()

    def resume_writing(self) -> None:
        """It has been sent, or never will be."""
        if self._wire is None:
            self.note_full(False)
        else:
            self._wire.resume_writing()

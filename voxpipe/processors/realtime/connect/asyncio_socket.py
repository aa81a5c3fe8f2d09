"""The bytes under a session on asyncio."""

from __future__ import annotations

import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import cache, partial
from typing import Any

from anyio import fail_after
from anyio.lowlevel import cancel_shielded_checkpoint
from websockets.uri import parse_uri

from voxpipe.pipeline.runtime.batch import batch
from voxpipe.pipeline.runtime.loop import one_per_loop
from voxpipe.websocket import Listener, PlainWire, Wire, begin_fast, connection_maker
from voxpipe.websocket.plain_wire import READ

from .close import Timeouts
from .dial import dial
from .host import Address
from .proxy import Proxy
from .session_socket import FULL, SessionSocket


@asynccontextmanager
async def open_asyncio(
    address: Address, patience: Timeouts, *, proxy: Proxy | None, max_size: int
) -> AsyncGenerator[SessionSocket]:
    """Connect, and close at the end of the context.

    Raises:
        OSError, ProxyRefused, InvalidHandshake, EOFError: there is no connection, or no
            upgrade.
    """
    import asyncio  # only where it runs

    uri = parse_uri(address.url)
    socket = SessionSocket(address, patience, max_size)
    context = ssl.create_default_context() if uri.secure else None
    connect = connection_maker(asyncio.get_running_loop())
    try:
        with fail_after(patience.open):
            sock = await dial(uri.host, uri.port, proxy)
            try:
                await connect(
                    partial(_protocol(), socket),
                    sock=sock,
                    ssl=context,
                    server_hostname=uri.host if context else None,
                )
            except BaseException:
                socket.connection_lost(None)  # it is closed; uvloop tells it to nobody
                await cancel_shielded_checkpoint()  # asyncio closes a round later
                raise
            await socket.opened()
        yield socket
    finally:
        await socket.close()


@cache
def _protocol() -> Any:
    import asyncio

    class BufferedBytes(asyncio.BufferedProtocol):
        """What asyncio calls a buffered protocol.

        The other kind gets new `bytes` for each read, a quarter of a megabyte, which
        the C library maps and unmaps each time: 25 µs.
        """

        def __init__(self, socket: SessionSocket) -> None:
            self._socket = socket
            self._wire: PlainWire | None = None  # once there is one
            self._buffer = _buffer()
            self._batch = batch()  # here: later no task runs, and nobody can tell whose

        def connection_made(self, transport: Any) -> None:
            transport.set_write_buffer_limits(FULL)
            self._transport = transport
            self._socket.begin(transport, self._begin_wire)

        def _begin_wire(self, listener: Listener, max_size: int) -> Wire:
            fast = begin_fast(
                self._transport,
                listener,
                is_client=True,
                max_size=max_size,
                now=self._socket.now,
            )
            if fast is not None:
                return fast
            self._wire = wire = PlainWire(
                self._transport,
                listener,
                is_client=True,
                max_size=max_size,
                write=partial(self._batch.write, self._transport),
                now=self._socket.now,
            )
            return wire

        def get_buffer(self, sizehint: int) -> memoryview:
            size = READ if self._wire is None else self._wire.read_size
            return self._buffer[:size]

        def buffer_updated(self, nbytes: int) -> None:
            self._target.feed(bytes(self._buffer[:nbytes]))

        def eof_received(self) -> None:
            self._target.end()

        def connection_lost(self, exc: Exception | None) -> None:
            self._target.connection_lost(exc)

        def pause_writing(self) -> None:
            self._target.pause_writing()

        def resume_writing(self) -> None:
            self._target.resume_writing()

        @property
        def _target(self) -> SessionSocket | PlainWire:
            return self._wire or self._socket

    return BufferedBytes


def _new_buffer() -> memoryview:
    return memoryview(bytearray(READ))  # asyncio's TLS slices it: bytes, it would copy


# What all sockets of a loop read into: nothing of it is kept.
_buffer = one_per_loop("voxpipe model socket buffer", _new_buffer)

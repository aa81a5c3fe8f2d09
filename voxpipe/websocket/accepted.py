"""A connection that was accepted, on whichever event loop runs."""

from __future__ import annotations

import socket
from collections.abc import AsyncGenerator, Callable
from contextlib import ExitStack, asynccontextmanager
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from anyio import CancelScope, fail_after, move_on_after

from voxpipe.pipeline.runtime.batch import batch
from voxpipe.pipeline.runtime.loop import in_trio, one_per_loop
from voxpipe.pipeline.runtime.scopes import tasks_until_done

from .choice import connection_maker
from .tcp import BUFFER, HIGH_WATER, TcpConnection

if TYPE_CHECKING:
    import ssl

CLOSE_TIMEOUT = 1.0  # seconds for sending what is written when a connection ends


@asynccontextmanager
async def accepted(
    sock: socket.socket, tls: ssl.SSLContext | None = None, patience: float = 60.0
) -> AsyncGenerator[TcpConnection]:
    """Have a connection; it is closed at the end of the context.

    Args:
        sock: does not block; it is closed, whatever happens.
        tls: to be spoken over it, if any.
        patience: seconds for its handshake.

    Raises:
        OSError, EOFError: it has gone already, or there was no handshake.
    """
    async with tasks_until_done() as tasks:
        with ExitStack() as failing:
            failing.enter_context(sock)
            # asyncio does it for sockets of its own; a small answer would wait 40 ms.
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with fail_after(patience):
                if in_trio():
                    connection = await _on_trio(sock, tls, tasks.start_soon)
                else:
                    connection = await _on_asyncio(sock, tls)
            failing.pop_all()
        try:
            yield connection
        finally:
            connection.close()
            with CancelScope(shield=True), move_on_after(CLOSE_TIMEOUT):
                await connection.lost()
            connection.abort()


async def _on_trio(
    sock: socket.socket, tls: ssl.SSLContext | None, start: Callable[..., object]
) -> TcpConnection:
    from .trio_transport import TrioTransport, stream_of

    connection = TcpConnection(_buffer(), None)
    stream = await stream_of(sock, tls)
    transport = TrioTransport(stream, connection, full=HIGH_WATER, read_size=BUFFER)
    connection.connection_made(cast("Any", transport))
    start(transport.run)
    return connection


async def _on_asyncio(sock: socket.socket, tls: ssl.SSLContext | None) -> TcpConnection:
    import asyncio

    connect = connection_maker(asyncio.get_running_loop(), "connect_accepted_socket")
    made = _protocol()(_buffer(), batch())
    await connect(lambda: made, sock, ssl=tls)  # uvloop gives its TLS, not ours
    return made


@cache
def _protocol() -> Callable[..., TcpConnection]:
    import asyncio  # only where it runs

    class Connected(TcpConnection, asyncio.BufferedProtocol):
        """What an event loop takes for one."""

        __slots__ = ()

    return Connected


def _new_buffer() -> memoryview:
    return memoryview(bytearray(BUFFER))  # a slice of bytes would be a copy


# What all connections of a loop read into: nothing of it is kept.
_buffer = one_per_loop("voxpipe port buffer", _new_buffer)

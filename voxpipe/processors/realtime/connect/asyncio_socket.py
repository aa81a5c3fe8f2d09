"""The socket under a session on asyncio."""

from __future__ import annotations

import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import cache, partial
from typing import Any

from anyio import fail_after
from websockets.uri import parse_uri

from voxpipe.pipeline.runtime.batch import batch
from voxpipe.pipeline.runtime.loop import one_per_loop

from .close import Timeouts
from .dial import dial
from .host import Address
from .proxy import Proxy
from .session_socket import FULL, READ, SessionSocket


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
    protocol = _protocol()(address, patience, max_size)
    socket: SessionSocket = protocol
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


@cache
def _protocol() -> Any:
    import asyncio

    class BufferedSocket(SessionSocket, asyncio.BufferedProtocol):
        """What asyncio calls a buffered protocol.

        The other kind gets new `bytes` for each read, a quarter of a megabyte, which
        the C library maps and unmaps each time: 25 µs.
        """

        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments)
            self._buffer = _buffer()
            self._batch = batch()

        def connection_made(self, transport: Any) -> None:
            transport.set_write_buffer_limits(FULL)
            self.begin(transport, partial(self._batch.write, transport))

        def get_buffer(self, sizehint: int) -> bytearray | memoryview:
            if self.read_size < READ:
                return memoryview(self._buffer)[: self.read_size]
            return self._buffer

        def buffer_updated(self, nbytes: int) -> None:
            self.feed(self._buffer[:nbytes])

        def eof_received(self) -> None:
            self.end(None)

    return BufferedSocket


# What all sockets of a loop read into: nothing of it is kept.
_buffer = one_per_loop("voxpipe model socket buffer", lambda: bytearray(READ))

"""The bytes under a session on trio."""

from __future__ import annotations

import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from anyio import fail_after
from websockets.uri import parse_uri

from voxpipe.pipeline.runtime.scopes import tasks_until_done
from voxpipe.websocket import Listener, PlainWire, Wire
from voxpipe.websocket.plain_wire import READ
from voxpipe.websocket.trio_transport import TrioTransport, stream_of

from .close import Timeouts
from .dial import dial
from .host import Address
from .proxy import Proxy
from .session_socket import FULL, SessionSocket


@asynccontextmanager
async def open_trio(
    address: Address, patience: Timeouts, *, proxy: Proxy | None, max_size: int
) -> AsyncGenerator[SessionSocket]:
    """Connect, and close at the end of the context.

    Raises:
        OSError, ProxyRefused, InvalidHandshake, EOFError: there is no connection, or no
            upgrade.
    """
    socket = SessionSocket(address, patience, max_size)
    failure: Exception | None = None
    async with tasks_until_done() as tasks:
        try:
            with fail_after(patience.open):
                stream = await _stream(address, proxy)
                transport = TrioTransport(stream, socket, full=FULL, read_size=READ)
                tasks.start_soon(transport.run)
                socket.begin(transport, partial(_wire, transport, socket))
                await socket.opened()
            yield socket
        except Exception as error:  # noqa: BLE001  # raised below, not out of a group
            failure = error
        finally:
            await socket.close()
    if failure is not None:
        raise failure


def _wire(
    transport: TrioTransport, socket: SessionSocket, listener: Listener, max_size: int
) -> Wire:
    transport.wire = wire = PlainWire(
        transport, listener, is_client=True, max_size=max_size, now=socket.now
    )
    return wire


async def _stream(address: Address, proxy: Proxy | None) -> Any:
    uri = parse_uri(address.url)
    tls = ssl.create_default_context() if uri.secure else None
    dialed = await dial(uri.host, uri.port, proxy)
    return await stream_of(dialed, tls, server_hostname=uri.host)

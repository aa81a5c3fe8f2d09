"""A port that takes connections, on whichever event loop runs."""

from __future__ import annotations

import errno
import socket
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from anyio import create_tcp_listener
from anyio.abc import SocketAttribute, SocketStream
from anyio.streams.stapled import MultiListener

from voxpipe.pipeline.errors import TransportError
from voxpipe.pipeline.runtime.accept import accept
from voxpipe.pipeline.runtime.scopes import tasks_until_done

BACKLOG = 1_024  # connections that the kernel may keep until we take them


@asynccontextmanager
async def listening(
    host: str,
    port: int,
    attend: Callable[[socket.socket], Coroutine[Any, Any, None]],
    failed: Callable[[OSError], object],
) -> AsyncGenerator[int]:
    """Serve connections, each in a task, while the context lasts; gives the port.

    Args:
        host: where.
        port: 0 for any that is free.
        attend: serves one, and closes it.
        failed: as of `accept`.

    Raises:
        TransportError: it cannot listen.
    """
    listener = await _listener(host, port)
    async with (
        tasks_until_done() as tasks,
        listener,  # closed before those that were taken have ended
        tasks_until_done() as accepting,
    ):

        def take(sock: socket.socket) -> None:
            tasks.start_soon(attend, sock)

        for each in listener.listeners:
            bare = each.extra(SocketAttribute.raw_socket)
            accepting.start_soon(accept, bare, take, failed)
        yield listener.extra(SocketAttribute.local_port)


async def _listener(host: str, port: int) -> MultiListener[SocketStream]:
    try:
        return await create_tcp_listener(
            local_host=host or None, local_port=port, backlog=BACKLOG
        )
    except OSError as error:
        raise TransportError(
            f"cannot listen on {host} port {port}: {_why(error)}"
        ) from error


def _why(error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return "it is taken already; port 0 takes any that is free"
    return error.strerror or str(error)

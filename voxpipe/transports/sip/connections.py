"""TCP connections of a line: those that others make, and those that it makes itself."""

from __future__ import annotations

import socket
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from functools import partial

from anyio import (
    BrokenResourceError,
    ClosedResourceError,
    EndOfStream,
    WouldBlock,
    connect_tcp,
    create_memory_object_stream,
    create_task_group,
    fail_after,
)
from anyio.abc import SocketStream, TaskGroup
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from .protocol.errors import SipMessageError
from .protocol.framing import Framing
from .protocol.messages import Peer

MAX_CONNECTIONS = 256  # at once; for one more that is closed which is silent longest
MAX_UNSENT = 64  # messages that wait for one; then it is closed
CONNECT_TIMEOUT = 5.0  # seconds
CHUNK = 8_192  # bytes that are read at once


class Connections:
    """All of them.

    Args:
        tasks: in which they live.
        take: given each message, and from where.
        lost: told of those that have ended, or could not be made.
        fault: told what others do wrong.
    """

    def __init__(
        self,
        tasks: TaskGroup,
        take: Callable[[bytes, Peer], object],
        lost: Callable[[Peer], object],
        fault: Callable[[str], object],
    ) -> None:
        self._tasks = tasks
        self._take = take
        self._lost = lost
        self._fault = fault
        self._unsent: OrderedDict[Peer, MemoryObjectSendStream[bytes]] = OrderedDict()

    def adopt(self, sock: socket.socket) -> None:
        """Take one that somebody has made."""
        try:
            host, port = sock.getpeername()[:2]
        except OSError:  # and has ended again
            sock.close()
            return
        self._begin(Peer(host, port, "TCP"), partial(SocketStream.from_socket, sock))

    def send(self, data: bytes, peer: Peer) -> None:
        """Send, or keep for sending; makes a connection if there is none."""
        unsent = self._unsent.get(peer)
        if unsent is None:
            unsent = self._begin(peer, partial(_connect, peer))
        try:
            unsent.send_nowait(data)
        except WouldBlock:
            self._fault("the other side of a connection does not read: it is closed")
            unsent.close()
        except (BrokenResourceError, ClosedResourceError):
            pass  # it has just ended, which is told

    def _begin(
        self, peer: Peer, connect: Callable[[], Awaitable[SocketStream]]
    ) -> MemoryObjectSendStream[bytes]:
        while len(self._unsent) >= MAX_CONNECTIONS:
            _, silent = self._unsent.popitem(last=False)
            silent.close()
        unsent, to_send = create_memory_object_stream[bytes](MAX_UNSENT)
        self._unsent[peer] = unsent
        self._tasks.start_soon(self._carry, peer, connect, unsent, to_send)
        return unsent

    async def _carry(
        self,
        peer: Peer,
        connect: Callable[[], Awaitable[SocketStream]],
        unsent: MemoryObjectSendStream[bytes],
        to_send: MemoryObjectReceiveStream[bytes],
    ) -> None:
        try:
            with unsent, to_send:
                with fail_after(CONNECT_TIMEOUT):
                    stream = await connect()
                async with stream, create_task_group() as tasks:
                    tasks.start_soon(self._write, stream, to_send, tasks)
                    await self._read(stream, peer)
                    tasks.cancel_scope.cancel()
        except (OSError, TimeoutError):
            pass  # nobody is there
        finally:
            if self._unsent.get(peer) is unsent:
                del self._unsent[peer]
            self._lost(peer)

    async def _write(
        self,
        stream: SocketStream,
        to_send: MemoryObjectReceiveStream[bytes],
        tasks: TaskGroup,
    ) -> None:
        try:
            async for data in to_send:
                await stream.send(data)
        except (BrokenResourceError, ClosedResourceError):
            pass
        tasks.cancel_scope.cancel()

    async def _read(self, stream: SocketStream, peer: Peer) -> None:
        framing = Framing()
        try:
            while True:
                for message in framing.feed(await stream.receive(CHUNK)):
                    if peer in self._unsent:
                        self._unsent.move_to_end(peer)
                    self._take(message, peer)
        except SipMessageError as error:
            self._fault(str(error))
        except (EndOfStream, BrokenResourceError, ClosedResourceError):
            pass


async def _connect(peer: Peer) -> SocketStream:
    return await connect_tcp(peer.host, peer.port)

"""Listens on one port, and gives every connection a task of its own."""

from __future__ import annotations

import logging
import socket
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

import h11
from anyio import (
    TASK_STATUS_IGNORED,
    CancelScope,
    EndOfStream,
    Event,
    create_task_group,
    current_time,
    move_on_after,
)
from anyio.abc import (
    TaskGroup,
    TaskStatus,
)
from websockets.frames import CloseCode

from voxpipe.pipeline.runtime.seldom import Seldom
from voxpipe.simulator.errors import Refusal
from voxpipe.websocket.accepted import accepted
from voxpipe.websocket.port import listening
from voxpipe.websocket.requests import NoRequest
from voxpipe.websocket.tcp import TcpConnection
from voxpipe.websocket.upgrade import wants_websocket

from .http import HttpConnection, request_of
from .limits import PortLimits, Room
from .messages import HttpError, HttpRequest, HttpResponse, error_response
from .tls import LocalAuthority
from .websocket import ServerWebSocket

Respond = Callable[[HttpRequest], Awaitable[HttpResponse]]
Welcome = Callable[[HttpRequest], Callable[[ServerWebSocket], Awaitable[None]]]

LOG_INTERVAL = 60.0  # seconds between two warnings of one kind

_log = logging.getLogger(__name__)


class PortListener:
    """One port for HTTP and WebSockets.

    Args:
        host: where to listen.
        respond: answers a request; may raise `HttpError`.
        welcome: says what to do with a client that wants a WebSocket at this path once
            it has one; may raise `HttpError` instead, and then it gets none.
        limits: what it bears.
        tls: who vouches for it; without one it speaks plainly.
    """

    def __init__(
        self,
        host: str,
        respond: Respond,
        welcome: Welcome,
        limits: PortLimits,
        tls: LocalAuthority | None = None,
    ) -> None:
        self._host = host
        self._tls = tls
        self._limits = limits
        self._respond = respond
        self._welcome = welcome
        self._connections = 0
        self._room = Room(limits.together)
        self._sockets: set[ServerWebSocket] = set()
        self._short = Seldom(LOG_INTERVAL)

    async def serve(
        self,
        port: int,
        stop: Event,
        *,
        task_status: TaskStatus[int] = TASK_STATUS_IGNORED,
    ) -> None:
        """Listen until ``stop``, then say goodbye to every WebSocket (1001).

        Starts with the port.

        Raises:
            TransportError: it cannot listen.
        """
        # Shielded: whoever opened this always sets `stop`, and the rest is bounded.
        with CancelScope(shield=True):
            async with listening(
                self._host, port, self._attend, self._cannot_accept
            ) as bound:
                task_status.started(bound)
                await stop.wait()
                with move_on_after(self._limits.close_timeout):
                    await self._say_goodbye()

    async def _say_goodbye(self) -> None:
        async with create_task_group() as farewells:
            for each in self._sockets:
                farewells.start_soon(each.close, CloseCode.GOING_AWAY, "")

    def _cannot_accept(self, error: OSError) -> None:
        if self._short.count(current_time()):
            _log.warning(
                "no connection can be taken: %s; it is tried again all the time",
                error.strerror or error,
            )

    async def _attend(self, sock: socket.socket) -> None:
        if self._connections >= self._limits.connections:
            sock.close()
            return
        self._connections += 1
        try:
            await self._serve(sock)
        except EndOfStream:
            pass  # the client has gone: nobody is left to tell
        finally:
            self._connections -= 1

    async def _serve(self, sock: socket.socket) -> None:
        tls = None if self._tls is None else self._tls.context
        async with AsyncExitStack() as stack:
            try:
                connected = accepted(sock, tls, self._limits.request_timeout)
                tcp = await stack.enter_async_context(connected)
            except (OSError, EOFError) as error:
                if self._tls is not None:
                    self._tls.log_failure(error)
                return
            await self._talk(tcp)

    async def _talk(self, tcp: TcpConnection) -> None:
        http = HttpConnection(tcp, self._limits, self._room)
        while True:
            try:
                head = await http.head()
                if head is None:
                    return
                if wants_websocket(head):
                    await self._upgrade(tcp, head, http.take_rest())
                    return
                response = await self._respond(await http.request(head))
            except HttpError as error:
                response = error.response
            except NoRequest as wrong:
                response = error_response(wrong.status, Refusal(None, str(wrong)))
            finally:
                http.let_go()
            if not await http.answer(response):
                await self._drain(tcp)
                return

    async def _drain(self, tcp: TcpConnection) -> None:
        # To close with something unread takes back the answer that was just sent.
        with move_on_after(self._limits.close_timeout):
            tcp.half_close()
            while await tcp.read():
                pass

    async def _upgrade(
        self, tcp: TcpConnection, head: h11.Request, rest: bytes
    ) -> None:
        converse = self._welcome(request_of(head))
        socket = ServerWebSocket(tcp, self._limits, self._room)
        try:
            if socket.open(head, rest):
                await self._accompany(socket, converse)
                await socket.finish()
            else:
                await self._drain(tcp)
        finally:
            socket.let_go()

    async def _accompany(
        self,
        socket: ServerWebSocket,
        converse: Callable[[ServerWebSocket], Awaitable[None]],
    ) -> None:
        self._sockets.add(socket)
        try:
            async with create_task_group() as tasks:
                tasks.start_soon(_stay_in_touch, socket, tasks)
                await converse(socket)
                tasks.cancel_scope.cancel()
        finally:
            self._sockets.discard(socket)


async def _stay_in_touch(socket: ServerWebSocket, tasks: TaskGroup) -> None:
    await socket.keep_pinging()
    tasks.cancel_scope.cancel()  # nobody is there any more

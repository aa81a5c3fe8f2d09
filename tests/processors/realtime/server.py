"""A WebSocket server of which a test decides every byte, on both backends."""

from __future__ import annotations

import json
import logging
import struct
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from socket import SO_LINGER, SOL_SOCKET
from typing import Any

from anyio import (
    BrokenResourceError,
    ClosedResourceError,
    EndOfStream,
    create_task_group,
    create_tcp_listener,
)
from anyio.abc import SocketAttribute, SocketStream
from anyio.lowlevel import checkpoint
from anyio.streams.tls import TLSStream
from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import Event
from websockets.server import ServerProtocol

Json = dict[str, Any]
SESSION: Json = {"id": "sess_1", "expires_at": 2_000_000_000}


class Line:
    """One connection of a client, seen from the service."""

    def __init__(self, stream: SocketStream | TLSStream) -> None:
        self.stream = stream
        # Silent, as tests look at what our side logs.
        logger = logging.Logger("service", level=logging.CRITICAL + 1)
        self.protocol = ServerProtocol(logger=logger)
        self.request: Request | None = None
        self._events: list[Event] = []

    async def accept(self) -> Request:
        """Answer the upgrade."""
        await self.stream.send(await self.answer())
        assert self.request is not None
        return self.request

    async def answer(self, *texts: str) -> bytes:
        """What answers the upgrade, and texts behind it, to be sent by the test."""
        request = await self._next()
        assert isinstance(request, Request)
        self.request = request
        self.protocol.send_response(self.protocol.accept(request))
        for text in texts:
            self.protocol.send_text(text.encode())
        return b"".join(self.protocol.data_to_send())

    async def send_cut(self, data: bytes, cut: int) -> None:
        """Send bytes in two pieces; the client reads the first one by itself."""
        await self.stream.send(data[:cut])
        for _ in range(4):  # rounds of the loop, in which the client reads
            await checkpoint()
        await self.stream.send(data[cut:])

    async def send(self, kind: str, /, **fields: Any) -> None:
        """Send an event."""
        await self.send_text(json.dumps({"type": kind, **fields}))

    async def send_text(self, text: str) -> None:
        """Send any text."""
        self.protocol.send_text(text.encode())
        await self._flush()

    async def send_binary(self, data: bytes) -> None:
        """Send what the service never does."""
        self.protocol.send_binary(data)
        await self._flush()

    async def receive(self) -> Json:
        """The client's next event; pings are answered on the way.

        Raises:
            EndOfStream: it has closed the connection.
        """
        while True:
            frame = await self._next()
            if isinstance(frame, Frame) and frame.opcode is Opcode.TEXT:
                event: Json = json.loads(bytes(frame.data))
                return event

    async def until(self, kind: str) -> Json:
        """The client's next event of one kind."""
        while (event := await self.receive())["type"] != kind:
            pass
        return event

    async def close(self, code: int, reason: str = "") -> None:
        """Send a close frame, and wait for the client to leave."""
        self.protocol.send_close(code, reason)
        await self._flush()
        await self.gone()

    def reset(self) -> None:
        """Have the connection broken, rather than ended, when the talk is over."""
        raw = self.stream.extra(SocketAttribute.raw_socket)
        raw.setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))

    async def gone(self) -> None:
        """Read until the client has left."""
        try:
            while True:
                await self._next()
        except EndOfStream:
            pass

    async def ready(self) -> None:
        """Everything up to a configured session."""
        await self.accept()
        await self.send("session.created", session=SESSION)
        update = await self.until("session.update")
        await self.send("session.updated", session=update["session"])

    async def _next(self) -> Event:
        while not self._events:
            try:
                data = await self.stream.receive()
            except (EndOfStream, BrokenResourceError, ClosedResourceError):
                raise EndOfStream from None
            self.protocol.receive_data(data)
            self._events += self.protocol.events_received()
            await self._flush()
        return self._events.pop(0)

    async def _flush(self) -> None:
        try:
            for data in self.protocol.data_to_send():
                if data:
                    await self.stream.send(data)
                else:
                    await self.stream.send_eof()
        except (BrokenResourceError, ClosedResourceError, OSError):
            raise EndOfStream from None


@asynccontextmanager
async def serving(talk: Callable[[Line], Awaitable[Any]]) -> AsyncGenerator[str]:
    """A service on loopback; gives its base URL, and ends with the block."""

    async def handle(stream: SocketStream) -> None:
        async with stream:
            with suppress(EndOfStream):  # the client has gone: so does its line
                await talk(Line(stream))

    listener = await create_tcp_listener(local_host="127.0.0.1")
    async with listener, create_task_group() as tasks:
        tasks.start_soon(listener.serve, handle)
        try:
            yield f"http://127.0.0.1:{listener.extra(SocketAttribute.local_port)}/v1"
        finally:
            tasks.cancel_scope.cancel()


@asynccontextmanager
async def sending_on(status: int) -> AsyncGenerator[tuple[str, list[bytes]]]:
    """A service that sends everybody elsewhere, and what was asked there."""
    asked: list[bytes] = []

    async def elsewhere(line: Line) -> None:
        asked.append(await line.stream.receive())

    async def send_on(line: Line) -> None:
        await line.stream.receive()
        head = f"HTTP/1.1 {status} Go on\r\nLocation: {there}\r\n"
        await line.stream.send(f"{head}Content-Length: 0\r\n\r\n".encode())

    async with serving(elsewhere) as there, serving(send_on) as url:
        yield url, asked

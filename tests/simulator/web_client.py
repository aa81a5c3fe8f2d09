"""A plain WebSocket client on anyio: the same one on asyncio and on trio."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import anyio
from anyio.abc import ByteStream
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.http11 import Response
from websockets.protocol import OPEN
from websockets.typing import Subprotocol
from websockets.uri import parse_uri


class Refused(Exception):
    """The server has answered the upgrade with something else."""

    def __init__(self, status: int, body: bytes) -> None:
        super().__init__(f"{status}: {body!r}")
        self.status = status
        self.body = body


class WebSocket:
    """What `connect` gives."""

    def __init__(self, stream: ByteStream, protocol: ClientProtocol) -> None:
        self._stream = stream
        self._protocol = protocol
        self._inbox: list[str | bytes] = []

    @property
    def subprotocol(self) -> str | None:
        return self._protocol.subprotocol

    @property
    def close_code(self) -> int | None:
        return self._protocol.close_code

    @property
    def close_reason(self) -> str | None:
        return self._protocol.close_reason

    async def open(self, headers: Mapping[str, str]) -> None:
        request = self._protocol.connect()
        for name, value in headers.items():
            request.headers[name] = value
        self._protocol.send_request(request)
        await self._flush()
        response: Response | None = None
        while response is None:
            await self._read()
            events = self._protocol.events_received()
            for event in events:
                if isinstance(event, Response):
                    response = event
                else:
                    self._take(event)
        if response.status_code != 101:
            raise Refused(response.status_code, bytes(response.body or b""))

    async def send(self, message: str | bytes) -> None:
        if isinstance(message, str):
            self._protocol.send_text(message.encode())
        else:
            self._protocol.send_binary(message)
        await self._flush()

    async def recv(self) -> str | bytes:
        while not self._inbox:
            if self._protocol.close_expected() or not await self._read():
                while await self._read():
                    pass
                raise self._protocol.close_exc
            for event in self._protocol.events_received():
                self._take(event)
        return self._inbox.pop(0)

    async def close(self, code: int = 1000, reason: str = "") -> None:
        if self._protocol.state is OPEN:
            self._protocol.send_close(code, reason)
            await self._flush()
        with anyio.move_on_after(5):
            while await self._read():
                pass

    def _take(self, event: object) -> None:
        if isinstance(event, Frame) and event.opcode is Opcode.TEXT:
            self._inbox.append(bytes(event.data).decode())

    async def _read(self) -> bool:
        try:
            data = await self._stream.receive()
        except (anyio.EndOfStream, anyio.BrokenResourceError):
            self._protocol.receive_eof()
            return False
        self._protocol.receive_data(data)
        await self._flush()
        return True

    async def _flush(self) -> None:
        for data in self._protocol.data_to_send():
            if data:
                await self._stream.send(data)


@asynccontextmanager
async def connect(
    url: str, headers: Mapping[str, str], *, subprotocols: Sequence[str] | None = None
) -> AsyncGenerator[WebSocket]:
    """Open a WebSocket.

    Raises:
        Refused: the server will not have it.
    """
    offered = [Subprotocol(each) for each in subprotocols] if subprotocols else None
    protocol = ClientProtocol(parse_uri(url), subprotocols=offered, max_size=None)
    where = urlsplit(url)
    assert where.hostname is not None
    assert where.port is not None
    stream = await anyio.connect_tcp(where.hostname, where.port)
    async with stream:
        socket = WebSocket(stream, protocol)
        await socket.open(headers)
        try:
            yield socket
        finally:
            with anyio.move_on_after(5):
                await socket.close()

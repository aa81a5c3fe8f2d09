"""Small ASGI apps, and a client that sends any bytes."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from typing import Any

from anyio import BrokenResourceError, EndOfStream, connect_tcp, fail_after
from anyio.abc import ByteStream
from websockets.asyncio.client import ClientConnection, connect

from voxpipe.transports.asgi import Message, Receive, Scope, Send
from voxpipe.transports.serving import Server

UPGRADE = (
    "Connection: keep-alive, Upgrade",
    "Upgrade: WebSocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
)


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers with what came: of requests, path and body; of WebSockets, messages."""
    if scope["type"] == "http":
        body = b""
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body += message["body"]
            more = message["more_body"]
        told = {"method": scope["method"], "path": scope["path"], "size": len(body)}
        await respond(send, 200, json.dumps(told).encode())
        return
    assert (await receive())["type"] == "websocket.connect"
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] == "websocket.receive":
        await send({**message, "type": "websocket.send"})


async def respond(send: Send, status: int, body: bytes) -> None:
    await send(start(status, body))
    await send({"type": "http.response.body", "body": body})


def start(status: int, body: bytes = b"") -> Message:
    size = str(len(body)).encode()
    headers = [(b"content-length", size), (b"content-type", b"text/plain")]
    return {"type": "http.response.start", "status": status, "headers": headers}


async def said_to(server: Server, *pieces: bytes) -> bytes:
    """All that a server says to these bytes, until it ends the connection."""
    with fail_after(20):
        async with await connect_tcp("127.0.0.1", server.port) as stream:
            with suppress(BrokenResourceError):
                for piece in pieces:
                    await stream.send(piece)
            return await rest_of(stream)


async def rest_of(stream: ByteStream) -> bytes:
    """What comes until the end."""
    heard = b""
    try:
        while True:
            heard += await stream.receive()
    except (EndOfStream, BrokenResourceError):
        return heard


def get(path: str = "/", *lines: str, method: str = "GET") -> bytes:
    """A request, the last one of its connection unless ``lines`` say otherwise."""
    if not any(line.lower().startswith("connection:") for line in lines):
        lines = (*lines, "Connection: close")
    return "\r\n".join(
        [f"{method} {path} HTTP/1.1", "Host: x", *lines, "", ""]
    ).encode()


@asynccontextmanager
async def connected(app: Any, **options: Any) -> AsyncGenerator[ClientConnection]:
    """A client of an app."""
    with fail_after(20):
        async with (
            Server(app) as server,
            connect(f"ws://127.0.0.1:{server.port}/x", **options) as client,
        ):
            yield client

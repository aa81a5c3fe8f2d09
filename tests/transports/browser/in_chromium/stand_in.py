"""The server's side of the browser's protocol in the hands of a test.

It serves the page's files too, under the policy that `voxpipe serve` sends with them.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Any

import anyio
import numpy as np
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from websockets.asyncio.server import ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

PAGE = Path(__file__).parents[4] / "voxpipe" / "transports" / "browser" / "page"
RATE = 24_000
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: "
    "data:; connect-src 'self'; media-src 'self' blob:; worker-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_KINDS = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".ts": "text/plain; charset=utf-8",
}


class Line:
    """One connection of a page.

    Attributes:
        hello: what the page said first.
        microphone: samples that came, and ``starts``, the number before each message.
        asked: its JSON messages but for `played`, in order.
        played: the confirmed playhead: reply and milliseconds, in order.
    """

    def __init__(self, socket: ServerConnection, hello: dict[str, Any]) -> None:
        self.socket = socket
        self.hello = hello
        self.starts = list[int]()
        self.microphone = list[np.ndarray[Any, np.dtype[np.int16]]]()
        self.asked = list[dict[str, Any]]()
        self.played = list[tuple[int, int]]()
        self._changed = anyio.Event()

    async def say(self, type: str, **fields: Any) -> None:
        """A message to the page."""
        await self.socket.send(json.dumps({"type": type, **fields}))

    async def ready(self, *, seat: str = "seat-1", resumed: bool = False) -> None:
        """Take the call."""
        await self.say("ready", seat=seat, rate=RATE, call="call-1", resumed=resumed)

    async def play(
        self, reply: int, sound: np.ndarray[Any, np.dtype[np.int16]], start: int = 0
    ) -> None:
        """Sound of a reply, in messages of 40 ms, all at once."""
        for at in range(0, len(sound), RATE // 25):
            head = struct.pack("<II", reply, start + at)
            await self.socket.send(head + sound[at : at + RATE // 25].tobytes())

    async def until(self, met: Any) -> Any:
        """Wait until ``met()`` is true of what came; gives what it is then."""
        with anyio.fail_after(60):
            while not (found := met()):
                await self._changed.wait()
                self._changed = anyio.Event()
        return found

    async def asked_for(self, type: str) -> dict[str, Any]:
        """The first message of this type that came, or comes; taken out."""

        def find() -> dict[str, Any] | None:
            return next((each for each in self.asked if each["type"] == type), None)

        found: dict[str, Any] = await self.until(find)
        self.asked.remove(found)
        return found

    def take(self, message: str | bytes) -> None:
        """Note what came."""
        if isinstance(message, bytes):
            self.starts.append(struct.unpack_from("<I", message)[0])
            self.microphone.append(np.frombuffer(message, np.int16, offset=4))
        else:
            told = json.loads(message)
            if told["type"] == "played":
                self.played.append((told["reply"], told["ms"]))
            else:
                self.asked.append(told)
        self._changed.set()


class StandIn:
    """A server whose calls a test answers."""

    def __init__(
        self,
        port: int,
        calls: MemoryObjectReceiveStream[Line],
    ) -> None:
        self.url = f"http://127.0.0.1:{port}/"
        self._calls = calls

    async def call(self) -> Line:
        """The next connection of a page, once it has said hello."""
        with anyio.fail_after(60):
            return await self._calls.receive()


@asynccontextmanager
async def stand_in(
    pages: Mapping[str, str] | None = None,
) -> AsyncGenerator[StandIn]:
    """Listen on loopback, until the block ends.

    Args:
        pages: other files, by name; ours are below ``talk/`` as well.
    """
    send, receive = anyio.create_memory_object_stream[Line](math.inf)

    async def talk(socket: ServerConnection) -> None:
        await _talk(socket, send)

    with send, receive:
        async with serve(
            talk,
            "127.0.0.1",
            0,
            subprotocols=[Subprotocol("voxpipe.1")],
            process_request=partial(_file, pages or {}),
            max_size=65_536,
        ) as server:
            (socket,) = server.sockets
            yield StandIn(socket.getsockname()[1], receive)


async def _talk(socket: ServerConnection, calls: MemoryObjectSendStream[Line]) -> None:
    try:
        line = Line(socket, json.loads(await socket.recv()))
        await calls.send(line)
        async for message in socket:
            line.take(message)
    except ConnectionClosed:
        pass


def _file(
    pages: Mapping[str, str], _: ServerConnection, request: Request
) -> Response | None:
    path = request.path.partition("?")[0].removeprefix("/talk").removeprefix("/")
    if path == "browser":
        return None
    file = PAGE / (path or "index.html")
    if not file.is_file() and path not in pages:
        return Response(HTTPStatus.NOT_FOUND, "Not Found", Headers(), b"")
    headers = Headers(
        {
            "Content-Type": _KINDS[file.suffix],
            "Content-Security-Policy": POLICY,
            "X-Content-Type-Options": "nosniff",
            "Connection": "close",
        }
    )
    body = pages[path].encode() if path in pages else file.read_bytes()
    headers["Content-Length"] = str(len(body))
    return Response(HTTPStatus.OK, "OK", headers, body)

"""A WebSocket for an ASGI app: what waits on either side is bounded."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING

import h11
from anyio import move_on_after
from websockets.datastructures import Headers
from websockets.http11 import Response
from websockets.server import ServerProtocol

from voxpipe.pipeline.runtime.silent import SILENT
from voxpipe.transports.asgi import AT_ONCE, AsgiApp, Disconnected, Message, TakeAtOnce
from voxpipe.websocket import Wire
from voxpipe.websocket.requests import date, phrase
from voxpipe.websocket.tcp import TcpConnection
from voxpipe.websocket.upgrade import answer_to

from .http import scope_of

if TYPE_CHECKING:
    import asyncio

CLOSE_TIMEOUT = 2.0  # seconds that the other side has to answer our good-bye
MAX_MESSAGE = 2**18  # bytes of one message; telephone audio needs 2,000
_MAX_WAITING = 32_768  # bytes to be received before the network has to wait; 80 media
_ENTRY = 64  # bytes that a message takes besides its text, so that empty ones count

logger = logging.getLogger("voxpipe.serving")


class WebSocket:
    """One of them, from the request on; a `Listener` once it is accepted.

    Args:
        wire: the connection.
        request: asks for it.
        loop: that runs.
    """

    def __init__(
        self, wire: TcpConnection, request: h11.Request, loop: asyncio.AbstractEventLoop
    ) -> None:
        self._tcp = wire
        self._request = request
        self._loop = loop
        self._handshake = answer_to(request, ServerProtocol(logger=SILENT))
        self._wire: Wire | None = None  # once it is accepted
        self._news: deque[Message] = deque([{"type": "websocket.connect"}])
        self._waiting = 0  # bytes in `_news`
        self._held = False
        self._reader: asyncio.Future[None] | None = None
        self._refusal: Response | None = None
        self._rest = b""  # what comes before that
        self._is_open = False  # it is accepted, and nobody has said good-bye
        self._is_over = False
        self._at_once: TakeAtOnce | None = None

    async def run(self, app: AsgiApp, rest: bytes) -> None:
        """Have the app serve it; returns when it has ended.

        Args:
            app: what does.
            rest: what came behind the request.
        """
        if self._handshake.status_code != 101:
            self._tcp.write(self._handshake.serialize())
            return
        if rest:
            self._keep(rest)
        self._tcp.hand_to(self._keep)
        scope = scope_of("websocket", self._request, self._tcp)
        del scope["method"]
        scope["subprotocols"] = _offered(self._request)
        scope["extensions"] = {
            "websocket.http.response": {},
            AT_ONCE: {"take": self.take_at_once},
        }
        code = 1012  # going away, to come back; when the server ends
        try:
            await app(scope, self.receive, self.send)
            code = 1000
        except Disconnected:
            pass
        except Exception:
            code = 1011
            logger.exception("the app has failed on a WebSocket")
        finally:
            self._say_goodbye(code)
        await self._part()

    # --- ASGI

    async def receive(self) -> Message:
        """As ASGI has it."""
        while not self._news:
            self._reader = self._loop.create_future()
            try:
                await self._reader
            finally:
                self._reader = None
        message = self._news[0]
        if message["type"] == "websocket.disconnect":
            return message  # and again, whoever asks
        self._news.popleft()
        if self._held or self._waiting:
            self._taken(message)
        return message

    async def send(self, message: Message) -> None:
        """As ASGI has it.

        Raises:
            Disconnected: the other side has gone, or said good-bye.
        """
        kind: str = message["type"]
        if self._wire is not None and kind == "websocket.send":
            if not self._is_open or self._tcp.is_lost:
                raise Disconnected("the WebSocket has ended")
            text = message.get("text")
            self._wire.send(message["bytes"] if text is None else text)
            if self._tcp.is_full and not await self._tcp.flushed():
                raise Disconnected("the connection has ended")
        elif kind == "websocket.accept":
            self._accept(message)
        elif kind == "websocket.close":
            self._close(message.get("code", 1000), message.get("reason") or "")
        elif kind == "websocket.http.response.start":
            self._refusal = _response(message["status"], message.get("headers", ()))
        elif kind == "websocket.http.response.body" and self._refusal is not None:
            self._refusal.body += message.get("body", b"")
            if not message.get("more_body", False):
                self._refuse(self._refusal)
        else:
            raise RuntimeError(f"the app has sent {kind} out of turn")

    def _accept(self, message: Message) -> None:
        if self._tcp.is_lost:
            raise Disconnected("the client has not waited for the upgrade")
        if self._wire is not None or self._is_over:
            raise RuntimeError("the app has answered the upgrade twice")
        response = self._handshake
        if message.get("subprotocol"):
            response.headers["Sec-WebSocket-Protocol"] = message["subprotocol"]
        for name, value in message.get("headers", ()):
            response.headers[name.decode("ascii")] = value.decode("latin-1")
        self._tcp.write(response.serialize())
        self._is_open = True
        self._tcp.catch_up()
        rest, self._rest = bytes(self._rest), b""
        self._wire = self._tcp.upgrade(self, MAX_MESSAGE)
        if rest:
            self._wire.feed(rest)

    def _close(self, code: int, reason: str) -> None:
        if self._wire is None:
            self._refuse(_response(403, ()))
        else:
            self._is_open = False
            self._wire.close(code, reason)

    def _refuse(self, response: Response) -> None:
        if self._is_over:
            return
        self._is_over = True
        with suppress(KeyError):  # the app's own: twice, clients take no response
            del response.headers["Content-Length"]
        response.headers["Content-Length"] = str(len(response.body))
        self._tcp.write(response.serialize())
        self._end(1006, "")

    # --- what comes

    def take_at_once(self, function: TakeAtOnce | None) -> None:
        """As `AT_ONCE` has it."""
        self._at_once = function

    def _keep(self, data: bytes) -> None:
        """It has not been accepted."""
        if not data:
            self._end(1006, "")
            return
        self._rest += data  # too early, which RFC 6455 allows
        self._tcp.hold()

    def on_message(self, message: str | bytes, /) -> None:
        """As `Listener.on_message`."""
        if not self._news and self._at_once is not None and self._at_once(message):
            return
        kind = "text" if isinstance(message, str) else "bytes"
        self._news.append({"type": "websocket.receive", kind: message})
        self._waiting += len(message) + _ENTRY
        if self._waiting > _MAX_WAITING and not self._held:
            self._held = True
            self._tcp.hold()
        self._wake()

    def on_close(self, code: int, reason: str, /) -> None:
        """As `Listener.on_close`."""
        self._is_open = False
        self._end(code, reason)

    def on_fault(self, code: int, size: int, /) -> None:
        """As `Listener.on_fault`."""
        self.on_close(code, "")

    def on_lost(self, error: Exception | None, /) -> None:
        """As `Listener.on_lost`."""
        self._tcp.note_end()
        self.on_close(1006, "")

    def pause_writing(self) -> None:
        """As `Listener.pause_writing`."""
        self._tcp.note_full(True)

    def resume_writing(self) -> None:
        """As `Listener.resume_writing`."""
        self._tcp.note_full(False)

    def _taken(self, message: Message) -> None:
        content: str | bytes = message.get("text") or message.get("bytes") or b""
        self._waiting -= len(content) + _ENTRY
        if self._held and self._waiting <= _MAX_WAITING // 2:
            self._held = False
            self._tcp.listen()

    def _end(self, code: int, reason: str) -> None:
        self._is_over = True
        end = {"type": "websocket.disconnect", "code": code, "reason": reason}
        if not self._news or self._news[-1]["type"] != end["type"]:
            self._news.append(end)
        self._wake()

    def _wake(self) -> None:
        reader = self._reader
        if reader is not None and not reader.done() and self._news:
            reader.set_result(None)

    # --- the end

    def _say_goodbye(self, code: int) -> None:
        if self._wire is not None:
            self._close(code, "")
        elif not self._is_over:
            self._refuse(_response(403 if code == 1000 else 500, ()))

    async def _part(self) -> None:
        """Wait for the answer; without it the last words may not arrive."""
        self._news.clear()
        self._held, self._waiting = False, 0
        self._tcp.listen()
        with move_on_after(CLOSE_TIMEOUT):
            while not self._is_over:
                await self.receive()


def _offered(request: h11.Request) -> list[str]:
    return [
        each.strip()
        for name, value in request.headers
        if name == b"sec-websocket-protocol"
        for each in value.decode("latin-1").split(",")
    ]


def _response(status: int, more: Iterable[tuple[bytes, bytes]]) -> Response:
    headers = Headers([date(), ("Connection", "close")])
    for name, value in more:
        headers[name.decode("latin-1")] = value.decode("latin-1")
    return Response(status, phrase(status), headers, b"")

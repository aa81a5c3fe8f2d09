"""HTTP/1.1 on one connection, by h11: requests for an ASGI app, one after the other."""

from __future__ import annotations

import logging
from urllib.parse import unquote

import h11
from anyio import move_on_after

from voxpipe.pipeline.runtime.request_head import origin_form
from voxpipe.transports.asgi import VERSION, AsgiApp, Disconnected, Message, Scope
from voxpipe.transports.lobby import Lobby
from voxpipe.websocket.requests import NoRequest, Requests, date, response_of
from voxpipe.websocket.tcp import TcpConnection
from voxpipe.websocket.upgrade import wants_websocket

PATIENCE = 15.0  # seconds for a whole head, and again for a whole body
ANSWER_TIMEOUT = 15.0  # seconds in which nearly all that is unsent must be read
MAX_HEAD = 16_384  # bytes; Twilio's have 700

logger = logging.getLogger("voxpipe.serving")


class Http(Requests):
    """The HTTP side of a connection, until it ends or becomes a WebSocket.

    Args:
        wire: the connection.
        lobby: where it is while it has no whole request.
    """

    def __init__(self, wire: TcpConnection, lobby: Lobby) -> None:
        super().__init__(wire, MAX_HEAD, PATIENCE)
        self._lobby = lobby

    async def serve(self, app: AsgiApp) -> h11.Request | None:
        """Have requests answered.

        Returns:
            The one that asks for a WebSocket; ``None`` at the end of the connection.

        Raises:
            Disconnected: it has gone.
        """
        try:
            while True:
                self._lobby.enter(self.wire)
                request = await self.head()
                if request is None or wants_websocket(request):
                    return request
                await Exchange(self, request).run(app)
                if not self.is_answered:
                    return None
        except NoRequest as wrong:
            self._refuse(wrong.status)
            return None
        finally:
            self._lobby.leave(self.wire)

    def note_whole(self) -> None:
        """As `Requests.note_whole`."""
        super().note_whole()
        self._lobby.leave(self.wire)

    async def flushed(self) -> None:
        """Wait until the other side has read nearly all that was sent.

        Raises:
            Disconnected: it is not there, or does not read.
        """
        with move_on_after(ANSWER_TIMEOUT) as waiting:
            if not await self.wire.flushed():
                raise Disconnected("the connection has ended")
        if waiting.cancelled_caught:
            self.wire.abort()
            raise Disconnected("the other side does not read the answer")

    def _refuse(self, status: int) -> None:
        if not self.may_be_answered:
            return
        headers = [("connection", "close"), ("content-length", "0"), date()]
        self.send(response_of(status, headers))
        self.send(h11.EndOfMessage())


class Exchange:
    """One request and its response."""

    def __init__(self, http: Http, request: h11.Request) -> None:
        self._http = http
        self._request = request
        self._received = False
        self._started = False
        self._answered = False

    async def run(self, app: AsgiApp) -> None:
        """Have it answered; what goes wrong in the app is logged, and answered so.

        Raises:
            Disconnected: nobody waits for the answer any more.
        """
        scope = scope_of("http", self._request, self._http.wire)
        try:
            await app(scope, self.receive, self.send)
        except Disconnected:
            raise
        except Exception:
            logger.exception("the app has failed on a request")
        if not self._started:
            await self.send({"type": "http.response.start", "status": 500})
            await self.send({"type": "http.response.body", "body": b"failed\n"})

    async def receive(self) -> Message:
        """As ASGI has it."""
        if self._answered:
            return {"type": "http.disconnect"}
        if self._received:
            await self._http.wire.ended()
            return {"type": "http.disconnect"}
        try:
            event = await self._http.next_event()
        except NoRequest:
            event = h11.ConnectionClosed()
        if isinstance(event, h11.ConnectionClosed):
            return {"type": "http.disconnect"}
        more = isinstance(event, h11.Data)
        self._received = not more
        body = bytes(event.data) if more else b""
        return {"type": "http.request", "body": body, "more_body": more}

    async def send(self, message: Message) -> None:
        """As ASGI has it."""
        http = self._http
        if message["type"] == "http.response.start":
            headers = [date(), *message.get("headers", ())]
            if not http.is_whole:  # its rest will not be read
                headers.append(("connection", "close"))
            http.send(response_of(message["status"], headers))
            self._started = True
            return
        body: bytes = message.get("body", b"")
        if body and http.method != b"HEAD":
            http.send(h11.Data(data=body))
        if not message.get("more_body", False):
            self._answered = True
            http.send(h11.EndOfMessage())
        await http.flushed()


def scope_of(kind: str, request: h11.Request, wire: TcpConnection) -> Scope:
    """What ASGI tells an app of a request."""
    form = origin_form(request.target.decode("ascii"))
    target, _, query = form.partition("?")
    secure = {"http": "http", "websocket": "ws"}
    return {
        "type": kind,
        "asgi": VERSION,
        "http_version": request.http_version.decode("ascii"),
        "method": request.method.decode("ascii"),
        "scheme": secure[kind],
        "path": unquote(target),
        "raw_path": target.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": list(request.headers),
        "client": wire.client,
        "server": wire.server,
    }

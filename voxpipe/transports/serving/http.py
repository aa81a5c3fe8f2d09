"""HTTP/1.1 on one connection, by h11: requests for an ASGI app, one after the other."""

from __future__ import annotations

import logging
from email.utils import formatdate
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote

import h11
from anyio import move_on_after

from voxpipe.transports.asgi import VERSION, AsgiApp, Disconnected, Message, Scope

from .connection import TcpConnection

READ_TIMEOUT = 15.0  # seconds: for a request's headers, more of its body, the next one
_MAX_HEAD = 16_384  # bytes; Twilio's have 700

logger = logging.getLogger("voxpipe.serving")


class Http:
    """The HTTP side of a connection, until it ends or becomes a WebSocket."""

    def __init__(self, wire: TcpConnection) -> None:
        self.wire = wire
        self._h11 = h11.Connection(h11.SERVER, _MAX_HEAD)

    async def serve(self, app: AsgiApp) -> h11.Request | None:
        """Have requests answered.

        Returns:
            The one that asks for a WebSocket; ``None`` at the end of the connection.

        Raises:
            Disconnected: it has gone.
        """
        while True:
            try:
                request = await self.next_event()
            except h11.RemoteProtocolError as error:
                self._refuse(error.error_status_hint or 400)
                return None
            if not isinstance(request, h11.Request):
                return None
            if _wants_websocket(request):
                return request
            await Exchange(self, request).run(app)
            states = (self._h11.our_state, self._h11.their_state)
            if states != (h11.DONE, h11.DONE):
                return None
            self._h11.start_next_cycle()

    def take_rest(self) -> bytes:
        """What came behind the last request."""
        return self._h11.trailing_data[0]

    async def next_event(self) -> Any:
        """What comes next; `h11.ConnectionClosed` when it takes too long.

        Raises:
            RemoteProtocolError: of h11: it is no HTTP.
        """
        while True:
            event = self._h11.next_event()
            if event is h11.PAUSED:  # behind a request that is not answered yet
                return h11.ConnectionClosed()
            if event is not h11.NEED_DATA:
                return event
            if self._h11.they_are_waiting_for_100_continue:
                self.send(h11.InformationalResponse(status_code=100, headers=[]))
            with move_on_after(READ_TIMEOUT) as waiting:
                self._h11.receive_data(await self.wire.read())
            if waiting.cancelled_caught:
                return h11.ConnectionClosed()

    def send(self, event: h11.Event) -> None:
        """Send an event of h11."""
        data = self._h11.send(event) or b""
        self.wire.write(data)

    def _refuse(self, status: int) -> None:
        if self._h11.our_state is not h11.IDLE and (
            self._h11.our_state is not h11.SEND_RESPONSE
        ):
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
        if self._answered and not self._received:  # a body that nobody wanted
            await self._skip()

    async def receive(self) -> Message:
        """As ASGI has it."""
        if self._answered:
            return {"type": "http.disconnect"}
        if self._received:
            await self._http.wire.lost()
            return {"type": "http.disconnect"}
        try:
            event = await self._http.next_event()
        except h11.RemoteProtocolError:
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
            http.send(response_of(message["status"], headers))
            self._started = True
            return
        body: bytes = message.get("body", b"")
        if body and self._request.method != b"HEAD":
            http.send(h11.Data(data=body))
        if not message.get("more_body", False):
            self._answered = True
            http.send(h11.EndOfMessage())
        await http.wire.flushed()

    async def _skip(self) -> None:
        """Read over the end of a short body, so that another request may follow."""
        try:
            event = await self._http.next_event()
        except h11.RemoteProtocolError:
            return
        self._received = isinstance(event, h11.EndOfMessage)


def scope_of(kind: str, request: h11.Request, wire: TcpConnection) -> Scope:
    """What ASGI tells an app of a request."""
    target, _, query = request.target.partition(b"?")
    secure = {"http": "http", "websocket": "ws"}
    return {
        "type": kind,
        "asgi": VERSION,
        "http_version": request.http_version.decode("ascii"),
        "method": request.method.decode("ascii"),
        "scheme": secure[kind],
        "path": unquote(target.decode("ascii")),
        "raw_path": target,
        "query_string": query,
        "root_path": "",
        "headers": list(request.headers),
        "client": wire.client,
        "server": wire.server,
    }


def date() -> tuple[str, str]:
    """The header that says when."""
    return ("date", formatdate(usegmt=True))


def response_of(status: int, headers: Any) -> h11.Response:
    """The head of a response."""
    reason = phrase(status)
    return h11.Response(status_code=status, headers=headers, reason=reason)


def phrase(status: int) -> str:
    """What a status is called; empty for one that has no name."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _wants_websocket(request: h11.Request) -> bool:
    return any(
        name == b"upgrade" and value.strip().lower() == b"websocket"
        for name, value in request.headers
    )

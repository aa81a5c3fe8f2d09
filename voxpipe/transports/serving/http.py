"""HTTP/1.1 on one connection, by h11: requests for an ASGI app, one after the other."""

from __future__ import annotations

import logging
from email.utils import formatdate
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote

import h11
from anyio import current_time, move_on_after

from voxpipe.pipeline.runtime.request_head import EMPTY_LINES, origin_form, refused
from voxpipe.transports.asgi import VERSION, AsgiApp, Disconnected, Message, Scope
from voxpipe.websocket.tcp import TcpConnection
from voxpipe.websocket.upgrade import wants_websocket

from .lobby import Lobby

HEAD_TIMEOUT = 15.0  # seconds for a whole head, from the start or the last answer on
BODY_TIMEOUT = 15.0  # seconds that a whole body is waited for
ANSWER_TIMEOUT = 15.0  # seconds in which nearly all that is unsent must be read
MAX_HEAD = 16_384  # bytes; Twilio's have 700

logger = logging.getLogger("voxpipe.serving")


class Http:
    """The HTTP side of a connection, until it ends or becomes a WebSocket.

    Args:
        wire: the connection.
        lobby: where it is while it has no whole request.

    Attributes:
        is_whole: the request has come to its end.
    """

    def __init__(self, wire: TcpConnection, lobby: Lobby) -> None:
        self.wire = wire
        self.is_whole = False
        self._lobby = lobby
        self._h11 = h11.Connection(h11.SERVER, MAX_HEAD)
        self._fed = 0  # bytes, since the last request
        self._ahead: Any = None  # an event that was looked at, and not taken
        self._patience = HEAD_TIMEOUT  # seconds that may still be waited

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
                request = await self._head()
                if request is None:
                    return None
                if wants_websocket(request):
                    if self.is_whole:
                        return request
                    self._refuse(400)  # a body: nobody could tell it from frames
                    return None
                await Exchange(self, request).run(app)
                states = (self._h11.our_state, self._h11.their_state)
                if states != (h11.DONE, h11.DONE):
                    return None
                self._begin_anew(*self._h11.trailing_data)
        finally:
            self._lobby.leave(self.wire)

    async def _head(self) -> h11.Request | None:
        """The next request, which may have a body; ``None`` if that is the end."""
        try:
            request = await self.next_event()
            if not isinstance(request, h11.Request):
                return None
            if (
                self._fed - len(self.take_rest()) > MAX_HEAD
            ):  # in one piece: h11 takes it
                self._refuse(431)
                return None
            wrong = refused(request.http_version, request.headers)
            if wrong is not None:
                self._refuse(wrong.status)
                return None
            self._patience = BODY_TIMEOUT
            event = self._h11.next_event()
        except h11.RemoteProtocolError as error:
            self._refuse(error.error_status_hint or 400)
            return None
        if event is not h11.NEED_DATA:
            self._ahead = event
            self._note(event)
        return request

    def _begin_anew(self, rest: bytes, ended: bool) -> None:
        # h11 would go on with what it has, but not over an empty line at its beginning.
        self._h11 = h11.Connection(h11.SERVER, MAX_HEAD)
        self.is_whole = False
        self._fed = 0
        self._patience = HEAD_TIMEOUT
        if rest:
            self._feed(rest)
        if ended:
            self._h11.receive_data(b"")

    def take_rest(self) -> bytes:
        """What came behind the last request."""
        return self._h11.trailing_data[0]

    async def next_event(self) -> Any:
        """What comes next; `h11.ConnectionClosed` when it takes too long.

        Raises:
            RemoteProtocolError: of h11: it is no HTTP.
        """
        if self._ahead is not None:
            event, self._ahead = self._ahead, None
            return event
        while True:
            event = self._h11.next_event()
            if event is h11.PAUSED:  # behind a request that is not answered yet
                return h11.ConnectionClosed()
            if event is not h11.NEED_DATA:
                self._note(event)
                return event
            if self._h11.they_are_waiting_for_100_continue:
                self.send(h11.InformationalResponse(status_code=100, headers=[]))
            began = current_time()
            with move_on_after(self._patience) as waiting:
                self._feed(await self.wire.read())
            if waiting.cancelled_caught:
                return h11.ConnectionClosed()
            self._patience -= current_time() - began

    def send(self, event: h11.Event) -> None:
        """Send an event of h11."""
        data = self._h11.send(event) or b""
        self.wire.write(data)

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

    def _feed(self, data: bytes) -> None:
        if not self._fed and data:
            data = data.lstrip(EMPTY_LINES)
            if not data:
                return
        self._fed += len(data)
        self._h11.receive_data(data)

    def _note(self, event: Any) -> None:
        if isinstance(event, h11.EndOfMessage):
            self.is_whole = True
            self._lobby.leave(self.wire)

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

    async def receive(self) -> Message:
        """As ASGI has it."""
        if self._answered:
            return {"type": "http.disconnect"}
        if self._received:
            await self._http.wire.ended()
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
            if not http.is_whole:  # its rest will not be read
                headers.append(("connection", "close"))
            http.send(response_of(message["status"], headers))
            self._started = True
            return
        body: bytes = message.get("body", b"")
        if body and self._request.method != b"HEAD":
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

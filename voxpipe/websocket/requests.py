"""HTTP/1.1 on one connection, by h11: requests, until one asks for a WebSocket."""

from __future__ import annotations

from collections.abc import Iterable
from email.utils import formatdate
from http import HTTPStatus
from typing import Any

import h11
from anyio import current_time, move_on_after

from voxpipe.pipeline.runtime.request_head import EMPTY_LINES, refused

from .tcp import TcpConnection
from .upgrade import wants_websocket


class NoRequest(Exception):
    """What has come is to be answered with an error, and nothing behind it is read.

    Attributes:
        status: of the answer.
    """

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class Requests:
    """The HTTP side of a connection, until it ends or becomes a WebSocket.

    Args:
        wire: the connection.
        max_head: bytes of a head.
        patience: seconds for a whole head, from the start or the last answer on, and
            again for a whole body.

    Attributes:
        method: of the request, as far as it is known.
        is_whole: the request has come to its end.
    """

    def __init__(self, wire: TcpConnection, max_head: int, patience: float) -> None:
        self.wire = wire
        self.method = b""
        self.is_whole = False
        self._max_head = max_head
        self._patience = patience
        self._h11 = h11.Connection(h11.SERVER, max_head)
        self._fed = 0  # bytes, since the last request
        self._ahead: Any = None  # an event that was looked at, and not taken
        self._left = patience  # seconds that may still be waited

    async def head(self) -> h11.Request | None:
        """The next request, which may have a body; ``None`` if that is the end.

        Raises:
            NoRequest: it is no HTTP, or none that is taken.
        """
        if self._h11.our_state is h11.DONE:
            self._begin_anew(*self._h11.trailing_data)
        request = await self.next_event()
        if not isinstance(request, h11.Request):
            return None
        self.method = request.method
        if self._fed - len(self.take_rest()) > self._max_head:
            raise NoRequest(431, "Its head is too long.")  # in one piece: h11 takes it
        wrong = refused(request.http_version, request.headers)
        if wrong is not None:
            raise NoRequest(wrong.status, wrong.reason)
        self._left = self._patience
        event = self._next()
        if event is not h11.NEED_DATA:
            self._ahead = event
        if wants_websocket(request) and not self.is_whole:
            raise NoRequest(400, "A body cannot be told from a WebSocket's frames.")
        return request

    @property
    def is_answered(self) -> bool:
        """The request is whole, and so is its answer: another may follow."""
        return self._h11.our_state is self._h11.their_state is h11.DONE

    @property
    def may_be_answered(self) -> bool:
        """Nothing of an answer has been sent."""
        return self._h11.our_state in (h11.IDLE, h11.SEND_RESPONSE)

    def take_rest(self) -> bytes:
        """What came behind the last request."""
        return self._h11.trailing_data[0]

    async def next_event(self) -> Any:
        """What comes next; `h11.ConnectionClosed` when it takes too long.

        Raises:
            NoRequest: it is no HTTP.
        """
        if self._ahead is not None:
            event, self._ahead = self._ahead, None
            return event
        while (event := self._next()) is h11.NEED_DATA:
            if self._h11.they_are_waiting_for_100_continue:
                self.send(h11.InformationalResponse(status_code=100, headers=[]))
            began = current_time()
            with move_on_after(self._left) as waiting:
                self._feed(await self.wire.read())
            if waiting.cancelled_caught:
                return h11.ConnectionClosed()
            self._left -= current_time() - began
        return h11.ConnectionClosed() if event is h11.PAUSED else event

    def send(self, event: h11.Event) -> None:
        """Send an event of h11."""
        self.wire.write(self._h11.send(event) or b"")

    def note_whole(self) -> None:
        """The request has come to its end."""
        self.is_whole = True

    def _next(self) -> Any:
        try:
            event = self._h11.next_event()
        except h11.RemoteProtocolError as error:
            status = error.error_status_hint or 400
            raise NoRequest(status, f"This is no HTTP/1.1 request: {error}") from None
        if isinstance(event, h11.EndOfMessage):
            self.note_whole()
        return event

    def _begin_anew(self, rest: bytes, ended: bool) -> None:
        # h11 would go on with what it has, but not over an empty line at its beginning.
        self._h11 = h11.Connection(h11.SERVER, self._max_head)
        self.method = b""
        self.is_whole = False
        self._fed = 0
        self._left = self._patience
        if rest:
            self._feed(rest)
        if ended:
            self._h11.receive_data(b"")

    def _feed(self, data: bytes) -> None:
        if not self._fed and data:
            data = data.lstrip(EMPTY_LINES)
            if not data:
                return
        self._fed += len(data)
        self._h11.receive_data(data)


def date() -> tuple[str, str]:
    """The header that says when."""
    return ("date", formatdate(usegmt=True))


def response_of(status: int, headers: Iterable[Any]) -> h11.Response:
    """The head of a response."""
    reason = phrase(status)
    return h11.Response(status_code=status, headers=[*headers], reason=reason)


def phrase(status: int) -> str:
    """What a status is called; empty for one that has no name."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""

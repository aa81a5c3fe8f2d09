"""What the port is asked over HTTP, and how it answers."""

from __future__ import annotations

import h11
from anyio import EndOfStream

from voxpipe.pipeline.runtime.request_head import origin_form
from voxpipe.simulator.errors import Refusal
from voxpipe.websocket.requests import Requests, date, response_of
from voxpipe.websocket.tcp import TcpConnection

from .limits import NoRoom, PortLimits, Room
from .messages import HttpError, HttpRequest, HttpResponse, first_values

_CROWDED = Refusal(
    "server_is_overloaded",
    "All clients together send more at once than this simulator holds.",
    type="server_error",
)


class HttpConnection(Requests):
    """The HTTP side of a connection, until it ends or becomes a WebSocket."""

    def __init__(self, wire: TcpConnection, limits: PortLimits, room: Room) -> None:
        super().__init__(wire, limits.head, limits.request_timeout)
        self._room = room
        self._held = 0  # bytes in the room
        self._most = limits.body

    async def request(self, head: h11.Request) -> HttpRequest:
        """The request that begins with ``head``.

        Raises:
            HttpError: its body is too large.
            NoRequest: it is not what its head said.
            EndOfStream: the client has gone.
        """
        body = bytearray()
        while isinstance(event := await self.next_event(), h11.Data):
            body += event.data
            if len(body) > self._most:
                raise HttpError(
                    413, Refusal(None, f"At most {self._most} bytes of body are taken.")
                )
            try:
                self._held = self._room.hold(self._held, len(body))
            except NoRoom:
                raise HttpError(503, _CROWDED, (("retry-after", "1"),)) from None
        if not isinstance(event, h11.EndOfMessage):
            raise EndOfStream
        return request_of(head, bytes(body))

    def let_go(self) -> None:
        """The last request has been answered, and its body is no more."""
        self._held = self._room.hold(self._held, 0)

    async def answer(self, response: HttpResponse) -> bool:
        """Answer; whether another request may follow.

        Raises:
            EndOfStream: the client has gone.
        """
        if not self.may_be_answered:
            return False
        headers = [
            date(),
            # Nothing is no JSON: clients that are told so try to read it.
            *([("content-type", response.type)] if response.body else ()),
            ("content-length", str(len(response.body))),
            *response.headers,
        ]
        if not self.is_whole:
            headers.append(("connection", "close"))  # its rest will not be read
        self.send(response_of(response.status, headers))
        if self.method != b"HEAD":
            self.send(h11.Data(data=response.body))
        self.send(h11.EndOfMessage())
        if not await self.wire.flushed():
            raise EndOfStream
        return self.is_answered


def request_of(head: h11.Request, body: bytes = b"") -> HttpRequest:
    """The request that a head and its body are."""
    return HttpRequest(
        method=head.method.decode("ascii"),
        target=origin_form(head.target.decode("ascii")),
        headers=first_values(head.headers),
        body=body,
    )

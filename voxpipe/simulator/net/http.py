"""HTTP/1.1 on one connection, by h11: requests, one after the other."""

from __future__ import annotations

from email.utils import formatdate
from http import HTTPStatus
from typing import Any

import h11
from anyio import EndOfStream, fail_after

from voxpipe.pipeline.runtime.request_head import EMPTY_LINES, origin_form, refused
from voxpipe.simulator.errors import Refusal
from voxpipe.websocket.tcp import TcpConnection

from .limits import NoRoom, PortLimits, Room
from .messages import HttpError, HttpRequest, HttpResponse, first_values

_CROWDED = Refusal(
    "server_is_overloaded",
    "All clients together send more at once than this simulator holds.",
    type="server_error",
)


class HttpConnection:
    """The HTTP side of a connection, until it ends or becomes a WebSocket."""

    def __init__(self, tcp: TcpConnection, limits: PortLimits, room: Room) -> None:
        self._tcp = tcp
        self._room = room
        self._held = 0  # bytes in the room
        self._empty = True  # whether nothing of the next request has come
        self._limits = limits
        self._h11 = h11.Connection(h11.SERVER, limits.head)
        self._bodiless = False  # whether the answer must not have a body

    async def head(self) -> h11.Request | None:
        """What the next request asks for; ``None`` when there is none any more.

        Raises:
            HttpError: it is no HTTP.
        """
        if self._h11.our_state is h11.DONE:
            self._begin_anew(*self._h11.trailing_data)
        event = await self._next()
        if not isinstance(event, h11.Request):
            return None
        self._empty = False
        _check_head(event)
        self._bodiless = event.method == b"HEAD"
        return event

    def _begin_anew(self, rest: bytes, ended: bool) -> None:
        # h11 would go on with what it has, but not over an empty line at its beginning.
        self._h11 = h11.Connection(h11.SERVER, self._limits.head)
        rest = rest.lstrip(EMPTY_LINES)
        self._empty = not rest
        if rest:
            self._h11.receive_data(rest)
        if ended:
            self._h11.receive_data(b"")

    def take_rest(self) -> bytes:
        """What came behind the last head, of a request that is no HTTP any more."""
        return self._h11.trailing_data[0]

    async def whole(self, head: h11.Request) -> HttpRequest:
        """The request that begins with ``head``.

        Raises:
            HttpError: its body is too large, or not what its head said.
            EndOfStream: the client has gone.
        """
        body = bytearray()
        while isinstance(event := await self._next(), h11.Data):
            body += event.data
            if len(body) > (most := self._limits.body):
                raise HttpError(
                    413, Refusal(None, f"At most {most} bytes of body are taken.")
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

    async def send(self, response: HttpResponse) -> bool:
        """Answer; whether another request may follow.

        Raises:
            EndOfStream: the client has gone.
        """
        if self._h11.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
            return False
        headers = [
            ("date", formatdate(usegmt=True)),
            # Nothing is no JSON: clients that are told so try to read it.
            *([("content-type", response.type)] if response.body else ()),
            ("content-length", str(len(response.body))),
            *response.headers,
        ]
        if self._h11.their_state in (h11.SEND_BODY, h11.ERROR):
            headers.append(("connection", "close"))  # its rest will not be read
        status = response.status
        reason = HTTPStatus(status).phrase
        await self._write(
            h11.Response(status_code=status, headers=headers, reason=reason),
            h11.Data(data=b"" if self._bodiless else response.body),
            h11.EndOfMessage(),
        )
        return self._h11.our_state is self._h11.their_state is h11.DONE

    async def _next(self) -> Any:
        try:
            with fail_after(self._limits.request_timeout):
                return await self._event()
        except TimeoutError:
            return h11.ConnectionClosed()
        except h11.RemoteProtocolError as error:
            raise HttpError(
                error.error_status_hint or 400,
                Refusal(None, f"This is no HTTP/1.1 request: {error}"),
            ) from None

    async def _event(self) -> Any:
        while (event := self._h11.next_event()) is h11.NEED_DATA:
            if self._h11.they_are_waiting_for_100_continue:
                go_on = h11.InformationalResponse(status_code=100, headers=[])
                await self._write(go_on)
            data = await self._tcp.read()
            if self._empty and data:
                data = data.lstrip(EMPTY_LINES)
                self._empty = not data
                if not data:
                    continue
            self._h11.receive_data(data)
        return event

    async def _write(self, *events: h11.Event) -> None:
        self._tcp.write(b"".join(self._h11.send(event) or b"" for event in events))
        if not await self._tcp.flushed():
            raise EndOfStream


def request_of(head: h11.Request, body: bytes = b"") -> HttpRequest:
    """The request that a head and its body are."""
    return HttpRequest(
        method=head.method.decode("ascii"),
        target=origin_form(head.target.decode("ascii")),
        headers=first_values(head.headers),
        body=body,
    )


def _check_head(head: h11.Request) -> None:
    wrong = refused(head.http_version, head.headers)
    if wrong is not None:
        raise HttpError(wrong.status, Refusal(None, wrong.reason))

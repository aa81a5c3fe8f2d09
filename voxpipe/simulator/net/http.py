"""HTTP/1.1 on one connection, by h11: requests, one after the other."""

from __future__ import annotations

from email.utils import formatdate
from http import HTTPStatus
from typing import Any

import h11
from anyio import BrokenResourceError, ClosedResourceError, EndOfStream, fail_after
from anyio.abc import ByteStream

from voxpipe.simulator.errors import Refusal

from .limits import PortLimits
from .messages import HttpError, HttpRequest, HttpResponse, first_values


class HttpConnection:
    """The HTTP side of a connection, until it ends or becomes a WebSocket."""

    def __init__(self, stream: ByteStream, limits: PortLimits) -> None:
        self._stream = stream
        self._limits = limits
        self._h11 = h11.Connection(h11.SERVER, limits.head)
        self._bodiless = False  # whether the answer must not have a body

    async def head(self) -> h11.Request | None:
        """What the next request asks for; ``None`` when there is none any more.

        Raises:
            HttpError: it is no HTTP.
        """
        if self._h11.our_state is h11.DONE:
            self._h11.start_next_cycle()
        event = await self._next()
        if not isinstance(event, h11.Request):
            return None
        self._bodiless = event.method == b"HEAD"
        return event

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
        if not isinstance(event, h11.EndOfMessage):
            raise EndOfStream
        return request_of(head, bytes(body))

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
            try:
                data = await self._stream.receive()
            except (EndOfStream, BrokenResourceError, ClosedResourceError):
                data = b""
            self._h11.receive_data(data)
        return event

    async def _write(self, *events: h11.Event) -> None:
        data = b"".join(self._h11.send(event) or b"" for event in events)
        try:
            await self._stream.send(data)
        except (BrokenResourceError, ClosedResourceError):
            raise EndOfStream from None


def request_of(head: h11.Request, body: bytes = b"") -> HttpRequest:
    """The request that a head and its body are."""
    return HttpRequest(
        method=head.method.decode("ascii"),
        target=head.target.decode("ascii"),
        headers=first_values(head.headers),
        body=body,
    )


def wants_websocket(head: h11.Request) -> bool:
    """Whether the client wants to go on with a WebSocket."""
    return (head.method, head.http_version) == (b"GET", b"1.1") and any(
        name == b"upgrade" and value.strip().lower() == b"websocket"
        for name, value in head.headers
    )

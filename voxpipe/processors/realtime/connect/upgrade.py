"""The client's side of an upgrade, by websockets, without a socket."""

from __future__ import annotations

from websockets.client import ClientProtocol
from websockets.http11 import Response
from websockets.protocol import State
from websockets.uri import parse_uri

from voxpipe.pipeline.runtime.silent import SILENT

from .host import Address

_END = b"\r\n\r\n"  # of a head
_MAX_HEAD = 64 * 2**10  # bytes; the service's have 2,000


class Upgrade:
    """Asks for a WebSocket, and reads the answer.

    Args:
        address: what is connected to.

    Attributes:
        is_over: it was answered, or never will be.
        is_done: there is a WebSocket.
        rest: what came behind the answer.
    """

    def __init__(self, address: Address) -> None:
        self._protocol = ClientProtocol(parse_uri(address.url), logger=SILENT)
        self._head: bytes | None = b""  # as long as it is not whole
        self.is_over = self.is_done = False
        self.rest = b""
        request = self._protocol.connect()
        request.headers.update(address.headers())
        self._protocol.send_request(request)

    def request(self) -> bytes:
        """What asks for it."""
        return b"".join(self._protocol.data_to_send())

    def raise_why(self) -> None:
        """Say why there is none.

        Raises:
            InvalidHandshake: of websockets: another answer.
            EOFError: there was no answer.
        """
        if self._protocol.handshake_exc is not None:
            raise self._protocol.handshake_exc
        if not self.is_done:
            raise EOFError("the connection ended before it was opened")

    def feed(self, data: bytes) -> None:
        """So much has come."""
        if self._head is not None:
            # Only its head: what is behind a good one is for whoever reads frames.
            self._head += data
            head, end, data = self._head.partition(_END)
            if not end and len(head) < _MAX_HEAD:
                return
            self._head = None
            self._receive(head + end)
        if self.is_done:
            self.rest += data
        elif data and not self.is_over:
            self._receive(data)

    def end(self) -> None:
        """Nothing more will come."""
        if not self.is_over:
            self._protocol.receive_data(self._head or b"")
            self._protocol.receive_eof()
            self._look()
            self.is_over = True

    def _receive(self, data: bytes) -> None:
        self._protocol.receive_data(data)
        self._look()

    def _look(self) -> None:
        answered = any(
            isinstance(event, Response) for event in self._protocol.events_received()
        )
        self.is_done = self._protocol.state is State.OPEN
        self.is_over = (
            answered or self.is_done or self._protocol.handshake_exc is not None
        )

"""A handshake for picows, which has been made already.

picows shakes hands by itself. Here that has been done, by who knows of proxies, of
webhooks on the same port, and of the reasons for a refusal: it is told what it wants to
hear, and what it says of it goes nowhere.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable
from hashlib import sha1
from typing import TYPE_CHECKING, Any

from .wire import half_close

if TYPE_CHECKING:
    import asyncio

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, section 1.3
_REQUEST = (
    b"GET / HTTP/1.1\r\nHost: here\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dm94cGlwZS13ZWJzb2NrZQ==\r\n\r\n"
)
_RESPONSE = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
    b"Connection: Upgrade\r\nSec-WebSocket-Accept: %b\r\n\r\n"
)


def shake_hands(
    protocol: asyncio.BufferedProtocol, transport: asyncio.Transport, *, is_client: bool
) -> None:
    """Let picows have a connection.

    Args:
        protocol: picows'; it is the transport's from now on.
        transport: of a connection that has become a WebSocket.
        is_client: which end this is.
    """
    handover: Any = _Handover(transport)
    protocol.connection_made(handover)
    feed(protocol, _RESPONSE % _accept(handover.handshake) if is_client else _REQUEST)
    handover.handshake = None
    transport.set_protocol(protocol)


def feed(protocol: asyncio.BufferedProtocol, data: bytes) -> None:
    """Bring this as if it came from the network."""
    while data:
        room = memoryview(protocol.get_buffer(-1))
        size = min(len(room), len(data))
        room[:size] = data[:size]
        data = data[size:]
        protocol.buffer_updated(size)


class _Handover:
    """A transport as picows gets it: its handshake, which has been made, goes nowhere.

    Attributes:
        handshake: what was not sent; ``None`` from then on.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self.handshake: bytes | None = b""

    def write(self, data: bytes) -> None:
        if self.handshake is None:
            self._transport.write(data)
        else:
            self.handshake += data

    def writelines(self, parts: Iterable[bytes]) -> None:
        self._transport.write(b"".join(parts))  # they are in a buffer that is reused

    def close(self) -> None:
        """After a goodbye, which would be taken back if anything was still unread."""
        half_close(self._transport)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)  # all else is as it is


def _accept(request: bytes | None) -> bytes:
    """The answer to the key in an upgrade."""
    assert request is not None
    key = request.partition(b"Sec-WebSocket-Key: ")[2].partition(b"\r\n")[0]
    return b64encode(sha1(key + _GUID, usedforsecurity=False).digest())

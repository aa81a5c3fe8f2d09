"""WebSocket frames, as lean as they can be: both ends of the benchmark are ours.

Only what the contenders' libraries send: whole messages (they do not fragment them
unless they are compressed, and nobody offers compression here), pings and closes.
Frames to a server are masked with zeros, which is legal and saves the masking.

Source: RFC 6455, sections 4 and 5.
"""

from __future__ import annotations

import base64
import hashlib
from struct import pack

from websockets.speedups import apply_mask

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
NORMAL = pack("!H", 1000)  # the payload of a close

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_FIN, _MASKED = 0x80, 0x80
_NO_MASK = bytes(4)


class ProtocolError(Exception):
    """The other side sent something that this benchmark does not expect."""


class Cutter:
    """Cuts what a socket delivers into messages."""

    __slots__ = ("_rest",)

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[tuple[int, bytes]]:
        """All messages that are complete now, each with its opcode.

        Raises:
            ProtocolError: a fragment, or a bit that needs an extension.
        """
        data = self._rest + data if self._rest else data
        messages: list[tuple[int, bytes]] = []
        at, size = 0, len(data)
        while size - at >= 2:
            first, second = data[at], data[at + 1]
            if first & 0xF0 != _FIN:
                raise ProtocolError(f"expected a whole message, got 0x{first:02x}")
            begin, length = at + 2, second & 0x7F
            if length >= 126:
                begin += 2 if length == 126 else 8
                if begin > size:
                    break
                length = int.from_bytes(data[at + 2 : begin])
            mask = b""
            if second & _MASKED:
                mask = data[begin : begin + 4]
                begin += 4
            at_end = begin + length
            if at_end > size:
                break
            payload = data[begin:at_end]
            if mask and mask != _NO_MASK:
                payload = apply_mask(payload, mask)
            messages.append((first & 0x0F, payload))
            at = at_end
        self._rest = data[at:]
        return messages


def from_server(payload: bytes, opcode: int = TEXT) -> bytes:
    """A message as a server sends it."""
    return _head(opcode, len(payload), 0) + payload


def from_client(payload: bytes, opcode: int = TEXT) -> bytes:
    """A message as a client sends it."""
    return _head(opcode, len(payload), _MASKED) + _NO_MASK + payload


def _head(opcode: int, length: int, masked: int) -> bytes:
    if length < 126:
        return pack("!BB", _FIN | opcode, masked | length)
    if length < 65536:
        return pack("!BBH", _FIN | opcode, masked | 126, length)
    return pack("!BBQ", _FIN | opcode, masked | 127, length)


def upgrade_request(host: str, path: str) -> bytes:
    """What a client says first."""
    return (
        f"GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Key: dm94cGlwZS1pbi1jYWxscw==\r\n"
        "Sec-WebSocket-Version: 13\r\n\r\n"
    ).encode()


def upgrade_response(request: bytes) -> bytes:
    """What a server answers to a client's first words.

    Raises:
        ProtocolError: it did not ask for a WebSocket.
    """
    for line in request.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"sec-websocket-key":
            digest = hashlib.sha1(value.strip() + _GUID, usedforsecurity=False).digest()
            return (
                b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                b"Connection: Upgrade\r\nSec-WebSocket-Accept: "
                + base64.b64encode(digest)
                + b"\r\n\r\n"
            )
    raise ProtocolError("expected a request for a WebSocket, got another one")

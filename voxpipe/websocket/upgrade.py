"""What a server answers to a request for a WebSocket."""

from __future__ import annotations

import h11
from websockets.datastructures import Headers
from websockets.exceptions import InvalidHandshake
from websockets.http11 import Request, Response
from websockets.server import ServerProtocol


def wants_websocket(request: h11.Request) -> bool:
    """Whether the client wants to go on with a WebSocket."""
    return any(
        name == b"upgrade" and value.strip().lower() == b"websocket"
        for name, value in request.headers
    )


def answer_to(request: h11.Request, protocol: ServerProtocol) -> Response:
    """What to answer an upgrade with: 101, or why not.

    Args:
        request: that asks for it.
        protocol: decides; it knows then what was agreed on.
    """
    headers = Headers()
    try:
        for name, value in request.headers:
            headers[name.decode("ascii")] = value.decode("latin-1")
    except InvalidHandshake:  # stricter than h11, for instance about controls
        return protocol.reject(400, "a header holds what it must not\n")
    version = request.http_version.decode("ascii")
    target, method = request.target.decode("ascii"), request.method.decode("ascii")
    return protocol.accept(Request(target, headers, method, f"HTTP/{version}"))

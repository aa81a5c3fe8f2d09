"""What the simulator's port bears of its clients, and for how long."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class PortLimits:
    """Bounds in connections and bytes, times in seconds.

    Attributes:
        connections: at the same time; more are hung up on.
        head: bytes of a request's head; a key in a sub-protocol makes it long.
        body: bytes of a request's body: pictures for a text model, and room.
        message: bytes of a WebSocket's message: 15 MiB of audio in base64, and room.
        request_timeout: for the rest of a request, and between two.
        ping_interval: as the service pings.
        pong_timeout: without a pong, until a client counts as gone.
        close_timeout: that a client has to answer our close frame.
    """

    connections: int = 1024
    head: int = 65_536
    body: int = 32 * 1024 * 1024
    message: int = 32 * 1024 * 1024
    request_timeout: float = 60.0
    ping_interval: float = 20.26
    pong_timeout: float = 60.0
    close_timeout: float = 1.0

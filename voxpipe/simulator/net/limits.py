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
        together: bytes of all clients' bodies and messages that are being read.
        request_timeout: for the rest of a request, and between two.
        ping_interval: as the service pings.
        pong_timeout: without a pong, until a client counts as gone.
        close_timeout: that a client has to answer our close frame.
    """

    connections: int = 1024
    head: int = 65_536
    body: int = 32 * 1024 * 1024
    message: int = 32 * 1024 * 1024
    together: int = 128 * 1024 * 1024
    request_timeout: float = 60.0
    ping_interval: float = 20.26
    pong_timeout: float = 60.0
    close_timeout: float = 1.0


class Room:
    """What all clients together may have on their way in.

    Args:
        most: bytes.
    """

    def __init__(self, most: int) -> None:
        self._left = most

    def hold(self, held: int, size: int) -> int:
        """Hold ``size`` bytes in place of those ``held``; gives ``size``.

        Raises:
            NoRoom: there is none for more; nothing has changed.
        """
        if size > held and size - held > self._left:
            raise NoRoom
        self._left += held - size
        return size


class NoRoom(Exception):
    """All clients together send too much at once."""

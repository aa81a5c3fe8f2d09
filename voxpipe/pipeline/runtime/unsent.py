"""How much the system keeps for a peer that does not read."""

from __future__ import annotations

import socket

UNSENT = 16 * 2**10  # bytes; 250 ms of 24 kHz in base64, 1.5 s of a telephone call


def keep_little(sock: socket.socket) -> None:
    """Have the system refuse what the other side does not read.

    It would take megabytes: half a minute of speech that nobody hears, five minutes of
    a telephone call, and no sign.
    """
    lowat = getattr(socket, "TCP_NOTSENT_LOWAT", None)  # Linux and macOS
    if lowat is not None:  # which leaves room for what is under way
        sock.setsockopt(socket.IPPROTO_TCP, lowat, UNSENT)
    else:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 * UNSENT)

"""The sockets of RTP: a pair of UDP ports, an even one and that above it."""

from __future__ import annotations

import socket
import struct
import sys
import time
from collections.abc import Sequence
from typing import Final, NamedTuple, Protocol

from anyio import wait_readable

from voxpipe.pipeline import TransportError

from .latch import Address

TRIES: Final = 64  # ports that are looked at for a free pair
LARGEST: Final = 2_048  # bytes that are read of a datagram; a longer one is refused
LONGEST_WAIT: Final = 2.0  # seconds; else somebody has set the clock

# Of Linux, which Python has no names for: asm-generic/socket.h, linux/in.h, in6.h.
_STAMPED: Final = 35  # SO_TIMESTAMPNS: when each datagram has come
_TOLD: Final = {socket.AF_INET: (0, 11), socket.AF_INET6: (41, 25)}  # IP(V6)_RECVERR
_STAMP: Final = struct.Struct("@qq")
_ANCILLARY: Final = socket.CMSG_SPACE(_STAMP.size)
_KNOWS: Final = sys.platform == "linux"


class Came(NamedTuple):
    """A datagram.

    Attributes:
        data: at most 2,048 bytes of it.
        source: who has sent it.
        waited: seconds that it has lain here, as our loop was busy; 0 where the system
            does not tell.
    """

    data: bytes
    source: Address
    waited: float


class Datagrams(Protocol):
    """One socket, or what stands for it in a test.

    Attributes:
        address: of this side.
        refusals: how often the other side's machine has told that nobody is there.
    """

    address: Address
    refusals: int

    def send(self, data: bytes, to: Address) -> None:
        """Give it to the network, which may lose it; never waits.

        Raises:
            OSError: it cannot be sent.
        """
        ...

    def receive(self) -> Came | None:
        """The next that has come; ``None`` if there is none."""
        ...

    async def wait(self) -> None:
        """Until one has come, or perhaps has."""
        ...

    def close(self) -> None:
        """Nobody sends or receives any more, nor waits."""
        ...


class UdpSocket:
    """A socket that never blocks."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        sock.setblocking(False)
        self.address: Address = sock.getsockname()[:2]
        self.refusals = 0
        if _KNOWS:
            sock.setsockopt(socket.SOL_SOCKET, _STAMPED, 1)
            sock.setsockopt(*_TOLD[sock.family], 1)

    def send(self, data: bytes, to: Address) -> None:
        """As `Datagrams.send`."""
        try:
            self._socket.sendto(data, to)
        except BlockingIOError:
            pass  # no room: lost, as anywhere on its way
        except OSError:
            if not self._refused():  # else it is of what was sent before this
                raise

    def receive(self) -> Came | None:
        """As `Datagrams.receive`."""
        try:
            data, more, _, source = self._socket.recvmsg(LARGEST, _ANCILLARY)
        except BlockingIOError:
            return None
        except OSError:  # nobody has received what was sent
            self._refused()
            return None
        return Came(data, source[:2], _waited(more))

    def _refused(self) -> bool:
        """Take what the network has answered; whether it has."""
        if not _KNOWS:
            return False
        try:  # else we would be woken for it again and again
            self._socket.recvmsg(0, 0, socket.MSG_ERRQUEUE)
        except BlockingIOError:
            return False
        self.refusals += 1
        return True

    async def wait(self) -> None:
        """As `Datagrams.wait`."""
        await wait_readable(self._socket)

    def close(self) -> None:
        """As `Datagrams.close`."""
        self._socket.close()


def _waited(more: Sequence[tuple[int, int, bytes]]) -> float:
    for level, kind, data in more:
        if (level, kind) == (socket.SOL_SOCKET, _STAMPED):
            seconds, nanoseconds = _STAMP.unpack(data)
            # By the clock of the stamps, and for nothing else: that one can be set.
            now = time.clock_gettime(time.CLOCK_REALTIME)
            waited = now - seconds - nanoseconds / 1e9
            return waited if 0 < waited < LONGEST_WAIT else 0.0
    return 0.0


def udp_pair(host: str, port: int) -> tuple[UdpSocket, UdpSocket]:
    """Sockets for RTP and RTCP; ports are even and odd (RFC 3550, 11).

    Args:
        host: an IP address of this machine.
        port: an even one; 0 takes a pair that is free.

    Raises:
        TransportError: there is no such pair.
    """
    reason: object = "it is odd" if port % 2 else None
    for _ in range(0 if reason else 1 if port else TRIES):
        try:
            return _pair(host, port or _free(host))
        except OSError as error:
            reason = error
    raise TransportError(
        f"RTP needs an even UDP port of {host} and the one above it, "
        f"{port or 'any'} cannot be had: {reason}"
    )


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def _free(host: str) -> int:
    with socket.socket(_family(host), socket.SOCK_DGRAM) as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
    return port & ~1


def _pair(host: str, port: int) -> tuple[UdpSocket, UdpSocket]:
    media = socket.socket(_family(host), socket.SOCK_DGRAM)
    control = socket.socket(_family(host), socket.SOCK_DGRAM)
    try:
        media.bind((host, port))
        control.bind((host, port + 1))
    except OSError:
        media.close()
        control.close()
        raise
    return UdpSocket(media), UdpSocket(control)

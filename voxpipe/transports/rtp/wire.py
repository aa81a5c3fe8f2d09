"""The sockets of RTP: a pair of UDP ports, an even one and that above it."""

from __future__ import annotations

import socket
from contextlib import suppress
from typing import Final, Protocol

from anyio import wait_readable

from voxpipe.pipeline import TransportError

from .latch import Address

TRIES: Final = 64  # ports that are looked at for a free pair
LARGEST: Final = 2_048  # bytes that are read of a datagram; a longer one is refused


class Datagrams(Protocol):
    """One socket, or what stands for it in a test.

    Attributes:
        address: of this side.
    """

    address: Address

    def send(self, data: bytes, to: Address) -> None:
        """Give it to the network, which may lose it; never waits.

        Raises:
            OSError: it cannot be sent.
        """
        ...

    def receive(self) -> tuple[bytes, Address] | None:
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

    def send(self, data: bytes, to: Address) -> None:
        """As `Datagrams.send`."""
        with suppress(BlockingIOError):  # no room: lost, as anywhere on its way
            self._socket.sendto(data, to)

    def receive(self) -> tuple[bytes, Address] | None:
        """As `Datagrams.receive`."""
        try:
            data, source = self._socket.recvfrom(LARGEST)
        except BlockingIOError:
            return None
        except ConnectionError:
            return None  # Windows tells here that nobody has received what was sent
        return data, source[:2]

    async def wait(self) -> None:
        """As `Datagrams.wait`."""
        await wait_readable(self._socket)

    def close(self) -> None:
        """As `Datagrams.close`."""
        self._socket.close()


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

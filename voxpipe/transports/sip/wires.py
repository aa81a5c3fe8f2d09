"""The sockets of a line: one for UDP, and one for TCP on the same port."""

from __future__ import annotations

import errno
import logging
import socket
from collections.abc import Callable

from anyio import create_task_group, current_time, wait_readable
from anyio.abc import TaskStatus
from anyio.lowlevel import checkpoint

from voxpipe.pipeline import TransportError
from voxpipe.pipeline.runtime.accept import accept
from voxpipe.pipeline.runtime.seldom import Seldom

from .connections import Connections
from .protocol.messages import MAX_MESSAGE, Peer

AT_ONCE = 32  # datagrams that are taken in one step; then others have a turn
LOG_INTERVAL = 10.0  # seconds

logger = logging.getLogger(__name__)


class Wires:
    """Those of one line.

    Args:
        host: an IP address of this machine.
        port: the same for both; 0 takes any that is free.

    Attributes:
        port: which it is.

    Raises:
        TransportError: it cannot be had.
    """

    def __init__(self, host: str, port: int) -> None:
        self._udp, self._tcp = _listening(host, port)
        self.port: int = self._udp.getsockname()[1]
        self._connections: Connections | None = None  # while it runs
        self._faults = Seldom(LOG_INTERVAL)

    async def run(
        self,
        take: Callable[[bytes, Peer], object],
        lost: Callable[[Peer], object],
        *,
        task_status: TaskStatus[None],
    ) -> None:
        """Receive until it is cancelled.

        Args:
            take: given each message, and from where.
            lost: told of connections that have ended, or could not be made.
            task_status: told when it can send.
        """
        try:
            async with create_task_group() as tasks:
                connections = Connections(tasks, take, lost, self._fault)
                self._connections = connections
                task_status.started()
                tasks.start_soon(self._receive, take)
                tasks.start_soon(accept, self._tcp, connections.adopt, self._refused)
        finally:
            self._connections = None

    def close(self) -> None:
        """Give the sockets back."""
        self._udp.close()
        self._tcp.close()

    def send(self, data: bytes, peer: Peer) -> None:
        """Send; what cannot be is dropped, and sent again by its transaction."""
        if peer.transport == "UDP":
            try:
                self._udp.sendto(data, (peer.host, peer.port))
            except OSError as error:
                self._fault(error.strerror or str(error))
        elif self._connections is not None:
            self._connections.send(data, peer)

    async def _receive(self, take: Callable[[bytes, Peer], object]) -> None:
        while True:
            await wait_readable(self._udp)
            for _ in range(AT_ONCE):
                try:
                    data, address = self._udp.recvfrom(MAX_MESSAGE + 1)
                except (BlockingIOError, InterruptedError):
                    break
                except OSError as error:  # of one that was sent: nobody is there
                    self._fault(error.strerror or str(error))
                    continue
                take(data, Peer(address[0], address[1]))
            else:
                await checkpoint()

    def _refused(self, error: OSError) -> None:
        self._fault(f"no connection can be taken: {error.strerror}")

    def _fault(self, what: str) -> None:
        count = self._faults.count(current_time())
        if count:
            logger.warning("SIP: %s (%d such since the last line)", what, count)


def _listening(host: str, port: int) -> tuple[socket.socket, socket.socket]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for _ in range(20):
        udp = socket.socket(family, socket.SOCK_DGRAM)
        tcp = socket.socket(family, socket.SOCK_STREAM)
        try:
            tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            udp.bind((host, port))
            tcp.bind((host, udp.getsockname()[1]))
            tcp.listen(64)
        except OSError as error:
            udp.close()
            tcp.close()
            if port == 0 and error.errno == errno.EADDRINUSE:
                continue  # free for UDP alone
            raise TransportError(
                f"cannot listen on {host} port {port}: {error.strerror or error}"
                + (": port 0 takes any that is free" if port else "")
            ) from error
        udp.setblocking(False)
        tcp.setblocking(False)
        return udp, tcp
    raise TransportError(f"no port of {host} is free for both UDP and TCP")

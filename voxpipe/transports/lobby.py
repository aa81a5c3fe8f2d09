"""Places for connections that have not said yet what they want.

Whoever reaches the port can open many and say nothing, or a byte now and then, and
neither a carrier nor a probe may be turned away for them. So a new one always gets a
place: when all are taken, one is hung up on, the oldest of the address that has most.
Behind a proxy, where all have one address, that is the oldest of all. Who sends a
request without delay, as carriers, probes and pages do, is served before its turn
comes.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv6Address
from typing import Protocol

from anyio import current_time

from voxpipe.pipeline.runtime.seldom import Seldom

PLACES = 256
LOG_INTERVAL = 60.0  # seconds between two warnings of one kind

logger = logging.getLogger("voxpipe.serving")


class Waiting(Protocol):
    """Who waits: compared by identity."""

    @property
    def client(self) -> tuple[str, int] | None:
        """Its address; none of a Unix socket."""
        ...

    def abort(self) -> None:
        """Hang up on it."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Guest:
    """Who waits in a lobby, where a connection is more than a socket.

    Attributes:
        client: its address.
        abort: hangs up on it.
    """

    client: tuple[str, int] | None
    abort: Callable[[], None]


class Lobby:
    """Connections by address, the oldest first.

    Args:
        places: how many there are.
        lack: what they have not given yet, for the log.
    """

    def __init__(self, places: int = PLACES, lack: str = "a whole request") -> None:
        self._places = places
        self._lack = lack
        self._waiting: dict[str, dict[Waiting, None]] = {}
        self._count = 0
        self._dropped = Seldom(LOG_INTERVAL)

    def __len__(self) -> int:
        """How many wait."""
        return self._count

    def enter(self, wire: Waiting) -> None:
        """It waits for a request; another is hung up on if that is one too many."""
        self._waiting.setdefault(_address(wire), {})[wire] = None
        self._count += 1
        if self._count > self._places:
            self.drop()
            self._tell()

    def leave(self, wire: Waiting) -> None:
        """Its request is whole, or it has gone; harmless when it does not wait."""
        address = _address(wire)
        group = self._waiting.get(address, {})
        if wire in group:
            del group[wire]
            self._count -= 1
            if not group:
                del self._waiting[address]

    def drop(self) -> None:
        """Hang up on one, if there is any."""
        if self._count:
            wire = next(iter(self._waiting[self._crowd()]))
            self.leave(wire)
            wire.abort()

    def _crowd(self) -> str:
        """The address that has most; of several, the one that came first."""
        return max(self._waiting, key=lambda address: len(self._waiting[address]))

    def _tell(self) -> None:
        count = self._dropped.count(current_time())
        if count:
            address = self._crowd()
            logger.warning(
                "all %d places for connections without %s are taken, %d by %s: the "
                "oldest are hung up on, %d since the last such line",
                self._places,
                self._lack,
                len(self._waiting[address]),
                address,
                count,
            )


def _address(wire: Waiting) -> str:
    """Who it is; with IPv6 the network of 64 bits, of which one has all addresses."""
    host = wire.client[0] if wire.client else "unknown"
    if ":" not in host:
        return host
    packed = IPv6Address(host.partition("%")[0]).packed
    return f"{IPv6Address(packed[:8] + bytes(8))}/64"

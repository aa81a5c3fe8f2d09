"""A network between two of the three: what a message's way takes, without a clock.

Both ways are TCP, as WebSockets are: nothing is lost for good and nothing overtakes. A
packet that is lost is sent again after `RETRANSMISSION`, and holds up what is behind
it; that is what a lossy network sounds like.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from random import Random

from voxpipe.pipeline import ConfigurationError

RETRANSMISSION = 0.2  # seconds; Linux's least, as phones and servers have it
PACKET = 1448  # bytes of a TCP segment on Ethernet, with timestamps
_UNITS = {"": 1.0, "%": 0.01, "k": 1e3, "M": 1e6, "ms": 1.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """What may happen to messages between two sides, in each direction alike.

    Attributes:
        latency: milliseconds that each takes.
        jitter: milliseconds more, at most; evenly spread.
        loss: the fraction of packets that are lost, 0 to 1.
        bandwidth: bits a second; 0 for as many as there are.
    """

    latency: float = 0.0
    jitter: float = 0.0
    loss: float = 0.0
    bandwidth: float = 0.0

    def __bool__(self) -> bool:
        return any((self.latency, self.jitter, self.loss, self.bandwidth))

    def __post_init__(self) -> None:
        for each in fields(self):
            value = getattr(self, each.name)
            if not 0 <= value < (1 if each.name == "loss" else 1e12):
                raise ConfigurationError(
                    f"{each.name} of a network is 0 or more"
                    f"{', and below 1' if each.name == 'loss' else ''}, not {value:g}"
                )

    @classmethod
    def of(cls, text: str) -> Network:
        """From a command line.

        >>> Network.of("latency=40 jitter=10 loss=2% bandwidth=64k").loss
        0.02

        Raises:
            ConfigurationError: something else.
        """
        found = dict[str, float]()
        names = [each.name for each in fields(cls)]
        for part in re.split(r"[\s,]+", text.strip()):
            match = re.fullmatch(r"([a-z]+)=([0-9.]+)(%|k|M|ms)?", part)
            if match is None or match[1] not in names:
                raise ConfigurationError(
                    f"expected such as latency=40,jitter=10,loss=2%,bandwidth=64k (ms, "
                    f"ms, packets, bits a second), got {part!r}"
                )
            found[match[1]] = float(match[2]) * _UNITS[match[3] or ""]
        return cls(**found)


class Road:
    """One direction of a `Network`; it is told the time.

    Args:
        network: what may happen.
        seed: of the dice.
    """

    __slots__ = ("_dice", "_free_at", "_last", "_network")

    def __init__(self, network: Network, seed: int = 0) -> None:
        self._network = network
        self._dice = Random(seed)
        self._free_at = 0.0  # when the wire takes the next bit
        self._last = 0.0

    def arrival(self, now: float, size: int) -> float:
        """When a message of so many bytes, sent now, is there."""
        network, dice = self._network, self._dice
        leaves = now
        if network.bandwidth:
            leaves = max(now, self._free_at) + size * 8 / network.bandwidth
            self._free_at = leaves
        arrives = leaves + (network.latency + network.jitter * dice.random()) / 1000
        if network.loss:
            for _ in range(1 + size // PACKET):
                while dice.random() < network.loss:
                    arrives += RETRANSMISSION
        self._last = max(self._last, arrives)
        return self._last

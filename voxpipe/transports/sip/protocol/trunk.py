"""A trunk, and who may call: said once, and checked before anything listens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Literal

from sipmessage import Request

from voxpipe.pipeline import ConfigurationError
from voxpipe.pipeline.runtime.hosts import is_loopback

from .digest import ALGORITHMS, Algorithm, Challenger, Credentials
from .messages import Peer, Transport

REALM = "voxpipe"


@dataclass(frozen=True, slots=True)
class Trunk:
    """Who carries calls between a line and the telephone network, or a PBX.

    Attributes:
        host: a name or an address. SRV records are not looked up.
        port: of the trunk.
        username: by which it knows us; empty for one that goes by our address.
        password: for its challenges.
        register: tell it where we are, again and again, so that it sends us calls.
        expires: seconds that a registration is to hold.
        transport: ``UDP`` or ``TCP``.
    """

    host: str
    port: int = 5060
    username: str = ""
    password: str = field(default="", repr=False)
    register: bool = True
    expires: int = 300
    transport: Transport = "UDP"

    def __post_init__(self) -> None:
        if self.password and not self.username:
            raise ConfigurationError(
                "a trunk with a password and no username: give username=, too"
            )
        if not 30 <= self.expires <= 86_400:
            raise ConfigurationError(
                "a registration holds 30 to 86400 seconds: give expires= in between, "
                f"not {self.expires}"
            )

    @property
    def credentials(self) -> Credentials | None:
        """What it is answered with."""
        return Credentials(self.username, self.password) if self.username else None


Verdict = Literal["known", "unknown", "stale", "refused"]


class Access:
    """Who may call a line.

    Args:
        host: where it listens.
        allow: addresses or networks that are known, such as ``192.0.2.0/28``.
        users: names and passwords; with them all others are asked who they are.
        trunk: that may call, once its address is known (`trust`).
        digests: how they may prove it.

    Raises:
        ConfigurationError: anybody could call; or an address is none.
    """

    def __init__(
        self,
        host: str,
        *,
        allow: Sequence[str] = (),
        users: Mapping[str, str] | None = None,
        trunk: Trunk | None = None,
        digests: Sequence[Algorithm] = ALGORITHMS,
    ) -> None:
        self._is_local = is_loopback(host)
        self._challenger = Challenger(REALM, users, digests) if users else None
        self._networks: list[IPv4Network | IPv6Network] = []
        for each in allow:
            try:
                self._networks.append(ip_network(each))
            except ValueError:
                raise ConfigurationError(
                    f"expected an address or a network in allow=, got {each!r}: give "
                    "one such as '192.0.2.7' or '192.0.2.0/28'"
                ) from None
        if not (self._is_local or allow or users or trunk):
            raise ConfigurationError(
                f"a SIP line at {host} can be reached by others, and anybody could "
                "call at your cost: name the trunk (trunk=), the addresses that may "
                "call (allow=['192.0.2.0/28']) or their passwords (users={…}), or "
                "listen on 127.0.0.1"
            )

    def trust(self, host: str) -> None:
        """Let an address call that is known by now: the trunk's."""
        self._networks.append(ip_network(host))

    def knows(self, host: str) -> bool:
        """Whether a host may call without a password; a name is none that may."""
        try:
            address = ip_address(host)
        except ValueError:
            return False
        if any(address in each for each in self._networks):
            return True
        return self._challenger is None and self._is_local and address.is_loopback

    def verdict(self, request: Request, peer: Peer, now: float) -> Verdict:
        """Whether a request is answered as it wishes."""
        if self.knows(peer.host):
            return "known"
        if self._challenger is None:
            return "refused"
        given = request.headers.get("Authorization")
        return self._challenger.check(given, request.method, now)

    def challenges(self, now: float, *, stale: bool) -> list[str]:
        """What a stranger is asked."""
        assert self._challenger is not None
        return self._challenger.challenges(now, stale=stale)

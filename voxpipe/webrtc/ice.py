"""How a peer is reached: its own addresses, and servers that know more."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from pydantic import SecretStr

_STUN = re.compile(r"stuns?:[^\s?/:]+(:\d{1,5})?")
_TURN = re.compile(r"turns?:[^\s?/:]+(:\d{1,5})?(\?transport=(udp|tcp))?")


@dataclass(frozen=True, slots=True)
class IceServer:
    """A STUN server, which says what one's address is from outside, or a TURN server.

    Attributes:
        url: ``stun:host:port``, ``turn:host:port?transport=udp`` or ``turns:…``.
        username: for TURN.
        credential: likewise; not shown.

    Raises:
        ValueError: no such URL, or TURN without a name and a credential.
    """

    url: str
    username: str = ""
    credential: SecretStr = field(default=SecretStr(""))

    def __post_init__(self) -> None:
        if _STUN.fullmatch(self.url) is not None:
            return
        if _TURN.fullmatch(self.url) is None:
            raise ValueError(
                f"expected stun:host:port or turn:host:port?transport=udp, got "
                f"{self.url[:80]!r}"
            )
        if not self.username or not self.credential.get_secret_value():
            raise ValueError(f"{self.url[:80]} asks for a username and a credential")


@dataclass(frozen=True, slots=True)
class Ice:
    """How a peer is reached.

    Attributes:
        servers: at most one of STUN and one of TURN is asked; none by default, and then
            nobody outside learns that there is a call.
        addresses: of this machine that are offered; empty for all that it has, and
            loopback. A port of UDP is opened at each, for each call.

    Raises:
        ValueError: an address that is no text.
    """

    servers: Sequence[IceServer] = ()
    addresses: Sequence[str] = ()

    def __post_init__(self) -> None:
        if isinstance(self.addresses, str):
            raise ValueError(
                f"addresses is a list, such as [{self.addresses!r}], not one text"
            )

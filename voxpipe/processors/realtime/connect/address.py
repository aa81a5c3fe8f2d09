"""Where a session is, and what opens it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from pydantic import SecretStr

from .host import Host, credentials


@dataclass(frozen=True, slots=True)
class Address:
    """Where a session is, and what opens it.

    Attributes:
        url: ``wss://…/realtime?model=…``; not shown, for some hosts want a key in it.
        key: never shown.
        says: further headers: the organization, the project, the end user.
    """

    url: str = field(repr=False)
    key: SecretStr = field(repr=False)
    says: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)

    @property
    def host(self) -> str:
        """Host and port, for people."""
        return urlsplit(self.url).netloc

    def headers(self) -> dict[str, str]:
        """What the upgrade must carry, the key included: show it nobody."""
        return credentials(self.key, self.host) | dict(self.says)

    def __str__(self) -> str:
        return self.host


def address_of(host: Host, path: str = "/realtime", **query: str) -> Address:
    """Where a session is at ``host``, such as that of ``model="gpt-realtime-2.1"``."""
    return Address(host.websocket(path, **query), host.key, host.says)

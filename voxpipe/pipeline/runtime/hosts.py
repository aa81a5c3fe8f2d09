"""Which hosts are this machine: what must not leave it may be sent there."""

from __future__ import annotations

from ipaddress import ip_address


def is_loopback(host: str) -> bool:
    """Whether nobody but this machine can reach it, or is reached there."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False

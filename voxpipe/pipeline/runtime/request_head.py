"""What the head of an HTTP request says, beyond what h11 makes of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

EMPTY_LINES = b"\r\n"  # these may stand before a request (RFC 9112, 2.2)


class RefusedHead(NamedTuple):
    """Why a request is answered with an error, and nothing behind it is read."""

    status: int
    reason: str


def refused(
    version: bytes, headers: Iterable[tuple[bytes, bytes]]
) -> RefusedHead | None:
    """What is wrong with a head that h11 takes; ``None`` if nothing is.

    Args:
        version: such as ``b"1.1"``.
        headers: with names in lower case.
    """
    names = {name for name, _ in headers}
    if {b"transfer-encoding", b"content-length"} <= names:
        # Whoever stands in between may read another request from it (RFC 9112, 6.1).
        return RefusedHead(400, "Send Transfer-Encoding or Content-Length, not both.")
    if version not in (b"1.0", b"1.1"):
        return RefusedHead(505, "HTTP/1.1 is spoken here.")
    return None


def origin_form(target: str) -> str:
    """Path and query, of an absolute target, too (RFC 9112, 3.2.2): proxies send it."""
    _, scheme, rest = target.partition("://")
    if target.startswith("/") or not scheme:
        return target
    slash = min((at for at in map(rest.find, "/?") if at >= 0), default=len(rest))
    path = rest[slash:]
    return path if path.startswith("/") else f"/{path}"

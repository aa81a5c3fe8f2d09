"""Which WebSocket it is, by what is installed and what it runs on."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import ModuleType


def picows_for(transport: Any) -> ModuleType | None:
    """`picows_wire`, if that is installed, and can have this transport of asyncio's."""
    # It writes to the socket itself; what is only made to look like one has none.
    sock = transport.get_extra_info("socket")
    return _picows() if hasattr(sock, "setsockopt") else None


def server_maker(loop: Any) -> Callable[..., Any]:
    """What listens: as ``loop.create_server``."""
    return _maker(loop, "create_server")


def connection_maker(loop: Any) -> Callable[..., Any]:
    """What connects: as ``loop.create_connection``."""
    return _maker(loop, "create_connection")


@cache
def _picows() -> ModuleType | None:
    try:
        from . import picows_wire
    except ImportError:
        return None
    return picows_wire


def _maker(loop: Any, name: str) -> Callable[..., Any]:
    """asyncio's own transports are in Python; picows brings some in Cython."""
    import asyncio

    if _picows() is None or not isinstance(loop, asyncio.SelectorEventLoop):
        made: Callable[..., Any] = getattr(loop, name)
        return made
    import aiofastnet

    return partial(getattr(aiofastnet, name), loop)

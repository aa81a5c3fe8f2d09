"""Which WebSocket it is, by what is installed."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import ModuleType


@cache
def picows() -> ModuleType | None:
    """`picows_wire`, where that is installed."""
    try:
        from . import picows_wire
    except ImportError:
        return None
    return picows_wire


def server_maker(loop: Any) -> Callable[..., Any]:
    """What listens: as ``loop.create_server``."""
    return _maker(loop, "create_server")


def connection_maker(loop: Any) -> Callable[..., Any]:
    """What connects: as ``loop.create_connection``."""
    return _maker(loop, "create_connection")


def _maker(loop: Any, name: str) -> Callable[..., Any]:
    if picows() is None:
        return getattr(loop, name)
    import aiofastnet  # comes with picows: asyncio's own transports are in Python
    from functools import partial

    return partial(getattr(aiofastnet, name), loop)

"""Which WebSocket it is, by what is installed and what it runs on."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from .wire import Listener, Wire

if TYPE_CHECKING:
    from types import ModuleType

logger = logging.getLogger(__name__)

SOCKETS = "VOXPIPE_SOCKETS"  # "websockets" rules picows out where it is installed


def sockets() -> str:
    """Whose WebSockets they are on asyncio and uvloop: ``picows`` or ``websockets``."""
    return "websockets" if _picows() is None else "picows"


def begin_fast(
    transport: Any,
    listener: Listener,
    *,
    is_client: bool,
    max_size: int,
    now: Callable[[], float] | None = None,
    on_read: Callable[[], None] | None = None,
) -> Wire | None:
    """Have picows take over a connection, if it is installed, and can.

    Args:
        transport: asyncio's or uvloop's; picows is its protocol from now on.
        listener: told of what comes.
        is_client: which end this is.
        max_size: bytes of a message.
        now: the clock for `Wire.heard_at`.
        on_read: called when something has come, and was looked at.
    """
    # It writes to the socket itself; what is only made to look like one has none.
    made = _picows() if hasattr(transport.get_extra_info("socket"), "fileno") else None
    if made is None:
        return None
    wire: Wire = made.begin(
        transport,
        listener,
        is_client=is_client,
        max_size=max_size,
        now=now,
        on_read=on_read,
    )
    return wire


def connection_maker(loop: Any, name: str = "create_connection") -> Callable[..., Any]:
    """What makes a transport for a socket: as the loop's method of that name.

    asyncio's own are in Python; picows brings some in Cython.
    """
    import asyncio

    if _picows() is None or not isinstance(loop, asyncio.SelectorEventLoop):
        made: Callable[..., Any] = getattr(loop, name)
        return made
    import aiofastnet

    return partial(getattr(aiofastnet, name), loop)


def _picows() -> ModuleType | None:
    wish = os.environ.get(SOCKETS, "")
    made = None if wish == "websockets" else installed()
    if wish not in ("", "websockets") and (wish != "picows" or made is None):
        not_granted(wish, "websockets" if made is None else "picows")
    return made


@cache
def not_granted(wish: str, instead: str) -> None:
    """Warn, once for each wish."""
    logger.warning(
        "%s is %r, and it is %s: expected websockets, or picows where it is "
        "installed, by pip install 'voxpipe[fast]'",
        SOCKETS,
        wish,
        instead,
    )


@cache
def installed() -> ModuleType | None:
    """What has picows do it; ``None`` without picows, or if it does not work."""
    try:
        from . import picows_wire
    except ImportError as error:
        why = error.__cause__ or error
        if not (isinstance(why, ModuleNotFoundError) and why.name == "picows"):
            logger.warning("picows cannot be used, websockets is: %s", why)
        return None
    return picows_wire

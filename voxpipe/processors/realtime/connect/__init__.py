"""The way to the service: which host, as whom, over which socket."""

from .connection import Connect, Connection, websocket
from .handshake import OpenedSession
from .host import Address, HostWarning
from .reconnect import Reconnect
from .service import Region, Service

__all__ = [
    "Address",
    "Connect",
    "Connection",
    "HostWarning",
    "OpenedSession",
    "Reconnect",
    "Region",
    "Service",
    "websocket",
]


def __dir__() -> list[str]:
    return __all__  # not the modules behind it: completion goes by this

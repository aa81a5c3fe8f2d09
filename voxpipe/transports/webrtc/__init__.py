"""Calls of a page over WebRTC, with us and with the service itself; needs aiortc."""

from .direct import DirectCall, DirectEndpoint
from .endpoints import WebRtcEndpoints

__all__ = ["DirectCall", "DirectEndpoint", "WebRtcEndpoints"]


def __dir__() -> list[str]:
    return __all__  # not the modules behind it: completion goes by this

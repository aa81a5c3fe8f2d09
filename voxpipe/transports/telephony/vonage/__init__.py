"""Calls by Vonage's Voice API, over WebSockets.

Source: https://developer.vonage.com/en/voice/voice-api/guides/websockets
"""

from .answer import connect_stream
from .call import VonageCall
from .vonage import Vonage

__all__ = ["Vonage", "VonageCall", "connect_stream"]


def __dir__() -> list[str]:
    return __all__  # not the modules behind it: completion goes by this

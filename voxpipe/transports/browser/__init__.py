"""Calls by a browser: a page that talks, its WebSocket, and who may use them."""

from .call import BrowserCall
from .endpoints import BrowserEndpoints
from .tokens import Tokens

__all__ = ["BrowserCall", "BrowserEndpoints", "Tokens"]


def __dir__() -> list[str]:
    return __all__  # not the modules behind it: completion goes by this

"""The service's REST side: secrets for browsers, and calls that others carry.

Needs ``voxpipe[rest]``.
"""

from .client import Answer, ClientSecret, Rest, open_rest
from .errors import RestError

__all__ = ["Answer", "ClientSecret", "Rest", "RestError", "open_rest"]


def __dir__() -> list[str]:
    return __all__  # not the modules behind it: completion goes by this

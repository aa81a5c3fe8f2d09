"""Telephone calls by Vonage."""

from .call import VonageCall

__all__ = ["VonageCall"]


def __dir__() -> list[str]:
    return __all__  # not the modules behind it: completion goes by this

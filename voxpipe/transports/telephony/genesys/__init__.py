"""Telephone calls by Genesys."""

from .call import GenesysCall

__all__ = ["GenesysCall"]


def __dir__() -> list[str]:
    return __all__  # not the modules behind it: completion goes by this

"""Telephone calls by Exotel."""

from .call import ExotelCall

__all__ = ["ExotelCall"]


def __dir__() -> list[str]:
    return __all__  # not the modules behind it: completion goes by this

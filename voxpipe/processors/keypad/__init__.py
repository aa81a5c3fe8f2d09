"""The keys of a telephone, for a model."""

from .keys import Keys

__all__ = ["Keys"]


def __dir__() -> list[str]:
    return __all__  # not the modules behind it: completion goes by this

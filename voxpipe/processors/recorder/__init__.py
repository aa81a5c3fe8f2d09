"""A recording of both sides of a conversation."""

from .recorder import WavRecorder

__all__ = ["WavRecorder"]


def __dir__() -> list[str]:
    return __all__  # not the modules behind it: completion goes by this

"""Placing calls by Telnyx. Needs ``voxpipe[rest]``."""

from .rest import TelnyxRest, open_telnyx

__all__ = ["TelnyxRest", "open_telnyx"]


def __dir__() -> list[str]:
    return __all__  # not the modules behind it: completion goes by this

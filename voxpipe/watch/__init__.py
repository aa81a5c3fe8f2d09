"""A window into what runs, or into what is on its way between others.

The command is `voxpipe watch`; see docs/watch.md.
"""

from .errors import WatchError
from .judge import Judge

__all__ = ["Judge", "WatchError"]


def __dir__() -> list[str]:
    return __all__  # not the modules behind it: completion goes by this

"""A window into what runs, or into what is on its way between others.

    with watching():  # prints a link: open it in a browser
        anyio.run(main)

The command is `voxpipe watch`; see docs/watch.md.
"""

from .errors import WatchError
from .judge import Judge
from .live import watching

__all__ = ["Judge", "WatchError", "watching"]


def __dir__() -> list[str]:
    return __all__  # not the modules behind it: completion goes by this

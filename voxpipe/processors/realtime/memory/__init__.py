"""What the model remembers: changed, summarised, told to another session."""

from voxpipe.processors.realtime.protocol.export import (
    Export,
    LeftOut,
    exported,
)
from voxpipe.processors.realtime.protocol.history import Entry, History

from .items import Items, NoSummary
from .summary import Summary

__all__ = [
    "Entry",
    "Export",
    "History",
    "Items",
    "LeftOut",
    "NoSummary",
    "Summary",
    "exported",
]


def __dir__() -> list[str]:
    return __all__  # not the modules behind it: completion goes by this

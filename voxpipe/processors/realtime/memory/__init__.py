"""What the model remembers: changed, summarised, told to another session."""

from voxpipe.processors.realtime.protocol.history import Entry, History

from .export import (
    Export,
    LeftOut,
    exported,
)
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

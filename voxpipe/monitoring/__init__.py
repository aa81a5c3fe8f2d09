"""Figures of calls while they are served: how many, how fast, what failed, what cost.

    figures = Prometheus()  # voxpipe.monitoring.prometheus
    board = Switchboard(answer, watcher=Monitor([figures]))

What it sees are times, counts and names, and no words of anybody's. ``voxpipe serve
--metrics`` is the same on the command line; docs/monitoring.md tells the figures. Each
way out is imported by its own path, and needs what its extra brings.
"""

from .monitor import Exporter, Monitor
from .seen import CallSeen, ChargeSeen, ToolSeen, TurnSeen

__all__ = [
    "CallSeen",
    "ChargeSeen",
    "Exporter",
    "Monitor",
    "ToolSeen",
    "TurnSeen",
]


def __dir__() -> list[str]:
    return __all__  # not the modules behind it: completion goes by this

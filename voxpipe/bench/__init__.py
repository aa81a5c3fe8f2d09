"""Anybody's own pipeline under a microscope: how long a turn takes, and where.

    from voxpipe.bench import Plan, bench, table

    report = bench("my_agent:answer", Plan(calls=10, seconds=30))
    print(table(report))

``Plan(over="memory", clock="virtual")`` takes the app itself, too, and passes in
virtual time, where figures are exact. ``voxpipe bench`` is the same on the command
line, and `voxpipe.pytest_plugin` has it as the fixture ``latency``. What the figures
mean is in docs/latency.md.
"""

from .bench import Benched, bench
from .children import BenchError
from .compare import Verdict, compared
from .conversation import (
    Conversation,
    Interrupt,
    Listen,
    Pause,
    Press,
    Say,
    load_callers,
    speech_of,
    spoken,
)
from .limits import Limit, parse_limit
from .network import Network
from .page import page
from .plan import Plan, talkative
from .table import table

__all__ = [
    "BenchError",
    "Benched",
    "Conversation",
    "Interrupt",
    "Limit",
    "Listen",
    "Network",
    "Pause",
    "Plan",
    "Press",
    "Say",
    "Verdict",
    "bench",
    "compared",
    "load_callers",
    "page",
    "parse_limit",
    "speech_of",
    "spoken",
    "table",
    "talkative",
]


def __dir__() -> list[str]:
    return __all__  # not the modules behind it: completion goes by this

"""Break what an app stands on, on purpose, and count what was lost.

A proxy stands between two that speak TCP, and does what networks and providers do; any
program can be led through it by an address::

    async with ChaosProxy(service_url) as proxy:
        ...  # the app is told `proxy.url`
        proxy.add(Latency(0.2, jitter=0.1))  # from now on
        proxy.reset()  # every connection, as by a process that dies

`numbered` samples tell afterwards which of them have come, and how often. Incidents are
whole stories: ``voxpipe simulate --incident outage`` tells one.
"""

from .incidents import INCIDENTS, Incident
from .proxy import ChaosProxy
from .samples import SampleCount, counted, numbered
from .toxics import (
    Bandwidth,
    Latency,
    LimitData,
    Refusal,
    ResetPeer,
    Slicer,
    SlowClose,
    Timeout,
    Toxic,
)

__all__ = [
    "INCIDENTS",
    "Bandwidth",
    "ChaosProxy",
    "Incident",
    "Latency",
    "LimitData",
    "Refusal",
    "ResetPeer",
    "SampleCount",
    "Slicer",
    "SlowClose",
    "Timeout",
    "Toxic",
    "counted",
    "numbered",
]


def __dir__() -> list[str]:
    return __all__  # not the modules behind it: completion goes by this

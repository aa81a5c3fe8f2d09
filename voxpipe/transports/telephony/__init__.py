"""Calls from telephone carriers: one `Call`, and a folder for each carrier's wire."""

from .call import Call, CallEnd
from .line import Ending
from .socket import Socket
from .switchboard import App, CallNotTaken, Switchboard
from .tickets import Replayed, Ticket, Tickets

__all__ = [
    "App",
    "Call",
    "CallEnd",
    "CallNotTaken",
    "Ending",
    "Replayed",
    "Socket",
    "Switchboard",
    "Ticket",
    "Tickets",
]


def __dir__() -> list[str]:
    return __all__  # not the modules behind it: completion goes by this

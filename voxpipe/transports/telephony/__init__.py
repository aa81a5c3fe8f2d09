"""Calls from telephone carriers: one `Call`, and a folder for each carrier's wire."""

from .call import Call, CallEnd
from .line import Ending
from .not_reached import CallFailed, LineBusy, NotAnswered, NotReached
from .placed import AnsweredBy, PlacedCall
from .socket import Socket
from .switchboard import App, CallNotTaken, Switchboard
from .tickets import Replayed, Ticket, Tickets

__all__ = [
    "AnsweredBy",
    "App",
    "Call",
    "CallEnd",
    "CallFailed",
    "CallNotTaken",
    "Ending",
    "LineBusy",
    "NotAnswered",
    "NotReached",
    "PlacedCall",
    "Replayed",
    "Socket",
    "Switchboard",
    "Ticket",
    "Tickets",
]


def __dir__() -> list[str]:
    return __all__  # not the modules behind it: completion goes by this

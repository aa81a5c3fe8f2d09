"""What the phones of all carriers share, but for words: those are a `Codec` each."""

from .call import CarrierCall
from .carrier import Answer, Asked, Carrier
from .codec import Codec
from .endpoints import CarrierEndpoints
from .events import Audio, Digit, Event, Marked, Own, Started, Stopped, Unknown, Wanted
from .events import WireError as WireError
from .request import Request

__all__ = [
    "Answer",
    "Asked",
    "Audio",
    "Carrier",
    "CarrierCall",
    "CarrierEndpoints",
    "Codec",
    "Digit",
    "Event",
    "Marked",
    "Own",
    "Request",
    "Started",
    "Stopped",
    "Unknown",
    "Wanted",
    "WireError",
]


def __dir__() -> list[str]:
    return __all__  # not the modules behind it: completion goes by this

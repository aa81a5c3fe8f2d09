"""What the phones of all carriers share, but for words: those are a `Codec` each."""

from .call import CarrierCall
from .codec import Codec
from .events import Audio, Digit, Event, Marked, Started, Stopped, Unknown, Wanted
from .events import WireError as WireError

__all__ = [
    "Audio",
    "CarrierCall",
    "Codec",
    "Digit",
    "Event",
    "Marked",
    "Started",
    "Stopped",
    "Unknown",
    "Wanted",
    "WireError",
]


def __dir__() -> list[str]:
    return __all__  # not the modules behind it: completion goes by this

"""Calls by Exotel's Voicebot applet.

Source: https://developer.exotel.com/docs/agentstream/stream-voicebot-applet
"""

from .call import ExotelCall
from .exotel import Exotel

__all__ = ["Exotel", "ExotelCall"]


def __dir__() -> list[str]:
    return __all__  # not the modules behind it: completion goes by this

"""Calls by Plivo's audio streaming: ``<Stream>`` in the answer to its webhook.

Source: https://plivo.com/docs/voice-agents/audio-streaming
"""

from .answer import connect_stream
from .call import PlivoCall
from .plivo import Plivo

__all__ = ["Plivo", "PlivoCall", "connect_stream"]


def __dir__() -> list[str]:
    return __all__  # not the modules behind it: completion goes by this

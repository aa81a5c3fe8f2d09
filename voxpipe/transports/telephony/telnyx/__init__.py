"""Calls by Telnyx' media streaming, and placing calls (``voxpipe[rest]``).

Signatures need ``voxpipe[telnyx]``.
Source: https://developers.telnyx.com/docs/voice/programmable-voice/media-streaming
"""

from .answer import connect_stream
from .call import TelnyxCall
from .rest import TelnyxRest, open_telnyx
from .telnyx import Telnyx

__all__ = ["Telnyx", "TelnyxCall", "TelnyxRest", "connect_stream", "open_telnyx"]


def __dir__() -> list[str]:
    return __all__  # not the modules behind it: completion goes by this

"""A SIP line of one's own, on UDP and TCP: answers calls, registers, places them.

Needs ``voxpipe[sip]``.
"""

try:
    import sipmessage as _  # noqa: F401
except ImportError:
    raise ImportError(
        "a SIP line needs sipmessage: pip install 'voxpipe[sip]'"
    ) from None

from .line import SipLine
from .protocol.errors import NoCommonCodec, SdpError, SipMessageError
from .protocol.trunk import Trunk

__all__ = [
    "NoCommonCodec",
    "SdpError",
    "SipLine",
    "SipMessageError",
    "Trunk",
]


def __dir__() -> list[str]:
    return __all__  # not the modules behind it: completion goes by this

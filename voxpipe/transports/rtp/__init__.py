"""RTP: the audio of a telephone call over UDP, for whatever dialog sets it up."""

from .incoming import Quality
from .packet import RtpError, RtpPacket
from .phone import RtpPhone
from .rtcp import RtcpError
from .session import Codec, Direction, RtpSession

__all__ = [
    "Codec",
    "Direction",
    "Quality",
    "RtcpError",
    "RtpError",
    "RtpPacket",
    "RtpPhone",
    "RtpSession",
]


def __dir__() -> list[str]:
    return __all__  # not the modules behind it: completion goes by this

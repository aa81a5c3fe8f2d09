"""What can go wrong on a SIP line, and whose fault it is.

VoxpipeError
├── SipMessageError   what came is no SIP message, or none that can be answered
└── SdpError          a session description that cannot be read
    └── NoCommonCodec one that can, and has nothing that both sides speak

A call that was placed and not answered is a `NotReached`, as with every carrier.
"""

from __future__ import annotations

from voxpipe.pipeline import VoxpipeError
from voxpipe.transports.telephony.not_reached import (
    NotReached,
    Unreached,
    not_reached,
)


class SipMessageError(VoxpipeError):
    """What came is no SIP message, or none that can be answered."""


class SdpError(VoxpipeError):
    """A session description that cannot be read."""


class NoCommonCodec(SdpError):
    """A session description without anything that both sides speak."""


_WHY: dict[int, Unreached] = {
    486: "busy",
    600: "busy",
    603: "busy",
    408: "no-answer",
    480: "no-answer",
    487: "no-answer",
}
# Of the other side's own phrases none is repeated: they can hold anything.
PHRASES = {
    100: "Trying",
    180: "Ringing",
    200: "OK",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    407: "Proxy Authentication Required",
    408: "Request Timeout",
    415: "Unsupported Media Type",
    420: "Bad Extension",
    422: "Session Interval Too Small",
    480: "Temporarily Unavailable",
    481: "Call/Transaction Does Not Exist",
    482: "Loop Detected",
    486: "Busy Here",
    487: "Request Terminated",
    488: "Not Acceptable Here",
    491: "Request Pending",
    500: "Server Internal Error",
    503: "Service Unavailable",
    600: "Busy Everywhere",
    603: "Decline",
}


def refused(status: int) -> NotReached:
    """The error for a final answer that is none of 200 to 299."""
    said = PHRASES.get(status, "as the other side has said")
    return not_reached(_WHY.get(status, "failed"), status=status, said=said)


def unheard(status: int) -> NotReached:
    """The error for no answer at all.

    Args:
        status: 408 when nothing came in time, 503 when it could not be asked (8.1.3.1).
    """
    return not_reached("failed", status=status, said="there was no answer")

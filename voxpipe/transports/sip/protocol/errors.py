"""What can go wrong on a SIP line, and whose fault it is.

VoxpipeError
├── SipMessageError   what came is no SIP message, or none that can be answered
├── SdpError          a session description that cannot be read
│   └── NoCommonCodec one that can, and has nothing that both sides speak
└── TransportError
    └── SipCallFailed    a call that was placed and not answered
        ├── Busy      the called is on another call
        ├── Declined  it does not want this one, or may not have it
        └── NoAnswer  nobody took it in time, or nobody is there
"""

from __future__ import annotations

from voxpipe.pipeline import TransportError, VoxpipeError


class SipMessageError(VoxpipeError):
    """What came is no SIP message, or none that can be answered."""


class SdpError(VoxpipeError):
    """A session description that cannot be read."""


class NoCommonCodec(SdpError):
    """A session description without anything that both sides speak."""


class SipCallFailed(TransportError):
    """A call that was placed was not answered.

    Attributes:
        status: what the other side has said, as a SIP status; 408 when it said
            nothing, 503 when it could not be reached.
    """

    def __init__(self, status: int, what: str) -> None:
        super().__init__(f"the call was not answered: {status} {what}")
        self.status = status


class Busy(SipCallFailed):
    """The called is on another call (486, 600)."""


class Declined(SipCallFailed):
    """The called does not want the call, or may not have it (401, 403, 407, 603)."""


class NoAnswer(SipCallFailed):
    """Nobody took the call in time, or nobody is there (408, 480, 487)."""


_KINDS: dict[int, type[SipCallFailed]] = {
    486: Busy,
    600: Busy,
    401: Declined,
    403: Declined,
    407: Declined,
    603: Declined,
    408: NoAnswer,
    480: NoAnswer,
    487: NoAnswer,
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


def call_failed(status: int) -> SipCallFailed:
    """The error for a final answer that is none of 200 to 299."""
    kind = _KINDS.get(status, SipCallFailed)
    return kind(status, PHRASES.get(status, "as the other side has said"))

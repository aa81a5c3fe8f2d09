"""What Twilio tells of a call that was placed from here, at the order's own URL.

Sources: https://www.twilio.com/docs/voice/api/call-resource (CallStatus),
https://www.twilio.com/docs/voice/answering-machine-detection (AnsweredBy)
"""

from __future__ import annotations

from collections.abc import Mapping

from voxpipe.transports.telephony.not_reached import Unreached
from voxpipe.transports.telephony.placed import AnsweredBy, PlacedCall

_OVER: Mapping[str, Unreached] = {
    "busy": "busy",
    "no-answer": "no-answer",
    "failed": "failed",
    "canceled": "canceled",
    "completed": "completed",
}
# Machines come as machine_start, machine_end_beep, machine_end_silence and …_other.
_KINDS: Mapping[str, AnsweredBy] = {
    "human": "human",
    "machine": "machine",
    "fax": "fax",
}


def path_of(placed: PlacedCall, *, amd: bool = False) -> str:
    """Where Twilio is to ask, and to tell, about an order."""
    return f"/twilio/placed/{placed.token}" + ("/amd" if amd else "")


def heed(placed: PlacedCall | None, amd: str | None, fields: Mapping[str, str]) -> bool:
    """Take note of what Twilio tells.

    Args:
        placed: the order; ``None`` if it is over, or was none.
        amd: it is about who has answered, and asks for nothing.
        fields: of its form.

    Returns:
        Whether it is to be answered as a call that comes in.
    """
    if placed is None or not placed.name(fields.get("CallSid", "")):
        return fields.get("CallStatus") in _OVER and amd is None  # a ticket's, too
    found = fields.get("AnsweredBy", "")
    if found:
        placed.detect(_who(found), greeting_over=found.startswith("machine_end"))
    if amd is not None:
        return False
    why = _OVER.get(fields.get("CallStatus", ""))
    if why is not None:
        placed.failed(why)
    return True


def _who(found: str) -> AnsweredBy:
    kind, _, _ = found.partition("_")
    return _KINDS.get(kind, "unknown")

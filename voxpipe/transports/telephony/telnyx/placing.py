"""What Telnyx tells of a call that was placed from here, at the order's own URL.

The same URL takes the events and the stream, which Telnyx opens by itself once somebody
has answered: `CarrierEndpoints` finds the order by its token.

Source: https://developers.telnyx.com/docs/voice/programmable-voice/receiving-webhooks
and …/answering-machine-detection
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from voxpipe.transports.telephony.not_reached import Unreached
from voxpipe.transports.telephony.placed import AnsweredBy, PlacedCall

_CAUSES: Mapping[str, Unreached] = {
    "user_busy": "busy",
    "call_rejected": "busy",  # they have pressed the red key
    "timeout": "no-answer",
    "no_answer": "no-answer",
    "originator_cancel": "canceled",
    "normal_clearing": "completed",
}
_KINDS: Mapping[str, AnsweredBy] = {
    "human": "human",
    "human_residence": "human",
    "human_business": "human",
    "machine": "machine",
    "fax_detected": "fax",
}


def path_of(placed: PlacedCall) -> str:
    """Where Telnyx is to tell about an order, and to stream."""
    return f"/telnyx/placed/{placed.token}"


def heed(placed: PlacedCall, body: bytes) -> bool:
    """Take note of an event.

    Args:
        placed: the order whose URL it came to.
        body: of the request, which is known to be Telnyx'.

    Returns:
        ``False`` if it is no event, or one of another call.
    """
    match _parsed(body):
        case {"data": {"event_type": str(kind), "payload": {**payload}}}:
            call_id = payload.get("call_control_id")
        case _:
            return False
    if not isinstance(call_id, str) or not placed.name(call_id):
        return False
    if kind == "call.hangup":
        placed.failed(_CAUSES.get(str(payload.get("hangup_cause")), "failed"))
    elif kind in ("call.machine.detection.ended", _PREMIUM + "detection.ended"):
        placed.detect(_KINDS.get(str(payload.get("result")), "unknown"))
    elif kind in ("call.machine.greeting.ended", _PREMIUM + "greeting.ended"):
        placed.detect("machine", greeting_over=True)
    return True


_PREMIUM = "call.machine.premium."


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None

"""NCCO: what the webhook of a call tells Vonage to do with it.

Source: https://developer.vonage.com/en/voice/voice-api/ncco-reference#connect
"""

from __future__ import annotations

import json
from typing import Any

from .codec import CALL_ID

TICKET = "voxpipe-ticket"
"""The header in which the stream brings its ticket back."""

RATE = 24_000  # Hz: as the model has it, so that nothing is resampled here


def connect_stream(
    url: str, call_id: str, ticket: str | None = None, *, rate: int = RATE
) -> str:
    """Have Vonage stream the call, both ways.

    Args:
        url: ``wss://``.
        call_id: its uuid, which the stream brings back.
        ticket: see `Tickets`.
        rate: samples a second, 8,000, 16,000 or 24,000.
    """
    headers = {CALL_ID: call_id}
    if ticket is not None:
        headers[TICKET] = ticket
    endpoint: dict[str, Any] = {
        "type": "websocket",
        "uri": url,
        "content-type": f"audio/l16;rate={rate}",
        "headers": headers,
    }
    return json.dumps([{"action": "connect", "endpoint": [endpoint]}])

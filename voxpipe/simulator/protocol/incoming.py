"""What a client has sent, before anybody looks at what it asks for."""

from __future__ import annotations

import json
from typing import Any, NoReturn, cast

from voxpipe.simulator.errors import Refusal

from .schema import text


def read(message: str | bytes) -> dict[str, Any]:
    """The event in a frame.

    Raises:
        Refusal: the frame is binary, not JSON, or no object.
    """
    if not isinstance(message, str):
        raise Refusal(
            "invalid_event",
            "Expected a text WebSocket message; binary frames are not supported.",
        )
    try:
        event = _JSON.decode(message)
    except (ValueError, RecursionError):
        raise Refusal(
            "invalid_json",
            "Invalid event: failed to parse JSON value. Please check the value to "
            "ensure it is valid JSON. (Common errors include trailing commas, missing "
            "closing brackets, missing quotation marks, etc.)",
        ) from None
    if not isinstance(event, dict):
        raise Refusal("invalid_event", "Invalid event: expected a JSON object.")
    return cast(dict[str, Any], event)


def event_id_of(event: dict[str, Any]) -> str | None:
    """The client's own name for its event, if it gave one.

    Raises:
        Refusal: it is no string, or too long.
    """
    id = event.get("event_id")
    if id is None:
        event.pop("event_id", None)
        return None
    checked: str = text(512)(id, "event_id")
    return checked


def not_json(constant: str) -> NoReturn:
    """Refuse what Python takes for JSON and nobody else does: NaN and Infinity."""
    raise ValueError(constant)


_JSON = json.JSONDecoder(parse_constant=not_json)

"""What clients may send: the names, and the fields beside ``type`` and ``event_id``.

``input_audio_buffer.append`` is not among the shapes: it comes fifty times a second,
and `Machine` looks at it by itself.
"""

from __future__ import annotations

from typing import Any

from .schema import Shape, an_object, fields, integer, nullable, text

CLIENT_EVENTS = (
    "session.update",
    "session.close",
    "input_audio_buffer.append",
    "session.input_audio_buffer.append",
    "input_audio_buffer.commit",
    "input_audio_buffer.clear",
    "conversation.item.create",
    "conversation.item.truncate",
    "conversation.item.delete",
    "conversation.item.retrieve",
    "response.create",
    "response.cancel",
)
"""As the service lists them; two of them are for translation sessions only."""

_ID = text(1 << 16)  # longer than any id: an unknown one is refused as unknown


def _anything(value: Any, path: str) -> Any:
    return value


def _event(*required: str, **shapes: Shape) -> Shape:
    return fields({"type": text(), "event_id": nullable(text()), **shapes}, *required)


SHAPES: dict[str, Shape] = {
    "session.update": _event("session", session=an_object),
    "input_audio_buffer.commit": _event(),
    "input_audio_buffer.clear": _event(),
    "conversation.item.create": _event(
        "item", item=an_object, previous_item_id=nullable(_ID)
    ),
    "conversation.item.retrieve": _event("item_id", item_id=_ID),
    "conversation.item.truncate": _event(
        "item_id",
        "audio_end_ms",
        item_id=_ID,
        content_index=integer(0, 1000),
        audio_end_ms=integer(0, 1 << 31),
    ),
    "conversation.item.delete": _event("item_id", item_id=_ID),
    "response.create": _event(response=nullable(an_object)),
    "response.cancel": _event(response_id=nullable(_ID)),
}

TRANSLATION_SHAPES: dict[str, Shape] = {
    "session.update": _event("session", session=an_object),
    # Its audio is looked at where the format is known.
    "session.input_audio_buffer.append": _event("audio", audio=_anything),
    "session.close": _event(),
}
"""All that a client of a translation session may send."""

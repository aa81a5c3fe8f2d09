"""Messages from the service become events here, once.

The audio delta, which is nine tenths of the traffic, is checked by hand: a model costs
as much as everything else that is done with it.
"""

from __future__ import annotations

import json
from collections.abc import Container
from typing import Any, cast

from pydantic import ValidationError

from voxpipe.pipeline import TransportError
from voxpipe.pipeline.runtime.surrogates import replace_surrogates
from voxpipe.processors.realtime import events as ev

TRANSCRIPTION = "conversation.item.input_audio_transcription"

_AUDIO = "response.output_audio.delta"


class BadEvent(TransportError):
    """The service sent something that its own protocol does not allow."""


class AudioDelta:
    """``response.output_audio.delta``, without the price of a model."""

    __slots__ = ("content_index", "delta", "event_id", "item_id", "response_id")
    type = _AUDIO

    def __init__(
        self,
        event_id: str | None,
        response_id: str,
        item_id: str,
        content_index: int,
        delta: str,
    ) -> None:
        self.event_id = event_id
        self.response_id = response_id
        self.item_id = item_id
        self.content_index = content_index
        self.delta = delta


def parse(
    message: str,
    dropped: list[str] | None = None,
    heeded: Container[str] | None = None,
) -> ev.Event | AudioDelta:
    """One message from the service.

    Args:
        message: as it came.
        dropped: told what of it could not be understood, though the rest is an event.
        heeded: the types whose fields somebody looks at; all others stay a plain
            `Event`, which costs half as much. ``None`` for all.

    Raises:
        BadEvent: not JSON, no event, or a known one without what it is for; says
            where, without what was said.
    """
    dropped = [] if dropped is None else dropped
    try:
        parsed: Any = json.loads(message)
        if "\\ud" in message or "\\uD" in message:
            # JSON can write down halves of characters, which nobody can print.
            plain = json.dumps(parsed, ensure_ascii=False)
            mended = replace_surrogates(plain)
            if mended != plain:
                parsed = json.loads(mended)
                dropped.append("half a character")
    except (ValueError, RecursionError):
        raise BadEvent(
            f"expected a JSON event, got {len(message)} characters that are none"
        ) from None
    data = cast("dict[str, Any]", parsed if isinstance(parsed, dict) else {})
    kind = data.get("type")
    if not isinstance(kind, str):
        raise BadEvent("expected an event with a type, got JSON without one")
    if kind == _AUDIO:
        return _audio(data)
    is_heeded = heeded is None or kind in heeded
    model = ev.SERVER_EVENTS.get(kind, ev.Event) if is_heeded else ev.Event
    try:
        return model.model_validate(data, context=dropped)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise BadEvent(f"{kind}: {where}: {first['msg']}") from None


def _audio(data: dict[str, Any]) -> AudioDelta:
    event_id = data.get("event_id")
    response_id = data.get("response_id")
    item_id = data.get("item_id")
    index = data.get("content_index", 0)
    delta = data.get("delta")
    if not (
        isinstance(response_id, str)
        and isinstance(item_id, str)
        and type(index) is int
        and 0 <= index <= 2**53
        and isinstance(delta, str)
    ):
        raise BadEvent(
            f"{_AUDIO}: expected response_id, item_id and delta as text and "
            "content_index as a number, got something else"
        )
    if not isinstance(event_id, str):
        event_id = None
    return AudioDelta(event_id, response_id, item_id, index, delta)

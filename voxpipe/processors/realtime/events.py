"""Server events: parsed once, here, into what the conversation acts on.

Only what voxpipe reads is modelled; unknown events and unknown fields pass. The audio
delta, which is nine tenths of the traffic, is checked by hand.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, cast

from pydantic import BaseModel, ConfigDict, ValidationError

from voxpipe.pipeline import Frame, TransportError

from .history import Role


class BadEvent(TransportError):
    """The service sent something that its own protocol does not allow."""


class Event(BaseModel):
    """Anything that the service says; unknown fields are kept."""

    model_config = ConfigDict(extra="allow", frozen=True)

    type: str


class ServerEvent(Frame):
    """An event that voxpipe does not act on, as it came.

    Attributes:
        event: its ``type``, and every field that it has.
    """

    __slots__ = ("event",)

    def __init__(self, event: Event) -> None:
        self.event = event


class ErrorDetail(BaseModel):
    """Why something did not work."""

    model_config = ConfigDict(extra="ignore")

    type: str | None = None
    code: str | None = None
    message: str | None = None
    param: str | None = None
    event_id: str | None = None


class ErrorEvent(Event):
    """``error``: an order was refused, or the service failed."""

    error: ErrorDetail


class SessionEvent(Event):
    """``session.created`` and ``session.updated``."""

    session: dict[str, Any]


class Content(BaseModel):
    """A part of an item."""

    model_config = ConfigDict(extra="ignore")

    type: str = ""
    text: str | None = None
    transcript: str | None = None


class Item(BaseModel):
    """Something in the conversation."""

    model_config = ConfigDict(extra="ignore")

    id: str
    type: str = ""
    role: str | None = None
    status: str | None = None
    content: list[Content] = []
    name: str | None = None
    call_id: str | None = None
    arguments: str | None = None
    output: str | None = None

    @property
    def belongs_to(self) -> Role:
        """Whose item it is."""
        if self.type != "message":
            return "tool"
        if self.role == "assistant":
            return "agent"
        return "system" if self.role == "system" else "user"

    @property
    def words(self) -> str:
        """All that is written in it."""
        return " ".join(p.text or p.transcript or "" for p in self.content).strip()


class ItemEvent(Event):
    """``conversation.item.added`` and ``.done``."""

    item: Item
    previous_item_id: str | None = None


class OutputItemEvent(Event):
    """``response.output_item.added`` and ``.done``."""

    response_id: str
    item: Item


class SpeechEvent(Event):
    """``input_audio_buffer.speech_started`` and ``speech_stopped``."""

    item_id: str
    audio_start_ms: int = 0
    audio_end_ms: int = 0


class CommittedEvent(Event):
    """``input_audio_buffer.committed``."""

    item_id: str
    previous_item_id: str | None = None


class CachedTokens(BaseModel):
    """How many input tokens of each class came from the cache."""

    text_tokens: int = 0
    audio_tokens: int = 0
    image_tokens: int = 0


class InputTokens(BaseModel):
    """Input tokens by class; cached ones are among them."""

    text_tokens: int = 0
    audio_tokens: int = 0
    image_tokens: int = 0
    cached_tokens: int = 0
    cached_tokens_details: CachedTokens | None = None


class OutputTokens(BaseModel):
    """Output tokens by class."""

    text_tokens: int = 0
    audio_tokens: int = 0


class TokenUsage(BaseModel):
    """What a response has used."""

    total_tokens: int = 0
    input_token_details: InputTokens | None = None
    output_token_details: OutputTokens | None = None

    def by_class(self) -> dict[str, int]:
        """Counts by price class; cached input is not counted twice."""
        given = self.input_token_details or InputTokens()
        cached = given.cached_tokens_details or CachedTokens()
        made = self.output_token_details or OutputTokens()
        return {
            "text_in": max(0, given.text_tokens - cached.text_tokens),
            "audio_in": max(0, given.audio_tokens - cached.audio_tokens),
            "image_in": max(0, given.image_tokens - cached.image_tokens),
            "cached_text_in": cached.text_tokens,
            "cached_audio_in": cached.audio_tokens,
            "cached_image_in": cached.image_tokens,
            "text_out": made.text_tokens,
            "audio_out": made.audio_tokens,
        }


class StatusDetails(BaseModel):
    """Why a response ended as it did."""

    model_config = ConfigDict(extra="ignore")

    type: str | None = None
    reason: str | None = None
    error: ErrorDetail | None = None


class Response(BaseModel):
    """A reply as the service sees it."""

    model_config = ConfigDict(extra="ignore")

    id: str
    status: str = "in_progress"
    status_details: StatusDetails | None = None
    conversation_id: str | None = None
    metadata: dict[str, Any] | None = None
    usage: TokenUsage | None = None
    output: list[Item] = []


class ResponseEvent(Event):
    """``response.created`` and ``response.done``."""

    response: Response


class DeltaEvent(Event):
    """A piece of a part of a reply."""

    response_id: str
    item_id: str
    content_index: int = 0
    delta: str


class TextDoneEvent(Event):
    """The whole of a part of a reply, in words."""

    response_id: str
    item_id: str
    content_index: int = 0
    text: str | None = None
    transcript: str | None = None


class TranscriptionEvent(Event):
    """``conversation.item.input_audio_transcription.…``: the caller's words."""

    item_id: str
    delta: str | None = None
    transcript: str | None = None
    error: ErrorDetail | None = None


_AUDIO = "response.output_audio.delta"
TRANSCRIPTION = "conversation.item.input_audio_transcription"
_MODELS: Mapping[str, type[Event]] = {
    "error": ErrorEvent,
    "session.created": SessionEvent,
    "session.updated": SessionEvent,
    "conversation.item.added": ItemEvent,
    "conversation.item.done": ItemEvent,
    "input_audio_buffer.speech_started": SpeechEvent,
    "input_audio_buffer.speech_stopped": SpeechEvent,
    "input_audio_buffer.committed": CommittedEvent,
    f"{TRANSCRIPTION}.delta": TranscriptionEvent,
    f"{TRANSCRIPTION}.completed": TranscriptionEvent,
    f"{TRANSCRIPTION}.failed": TranscriptionEvent,
    "response.created": ResponseEvent,
    "response.done": ResponseEvent,
    "response.output_item.done": OutputItemEvent,
    "response.output_text.delta": DeltaEvent,
    "response.output_text.done": TextDoneEvent,
    "response.output_audio_transcript.delta": DeltaEvent,
    "response.output_audio_transcript.done": TextDoneEvent,
}


class AudioDelta:
    """``response.output_audio.delta``, without the price of a model."""

    __slots__ = ("content_index", "delta", "item_id", "response_id")
    type = _AUDIO

    def __init__(
        self, response_id: str, item_id: str, content_index: int, delta: str
    ) -> None:
        self.response_id = response_id
        self.item_id = item_id
        self.content_index = content_index
        self.delta = delta


def parse(message: str) -> Event | AudioDelta:
    """One message from the service.

    Raises:
        BadEvent: not JSON, no event, or a known one with wrong fields; says where,
            without what was said.
    """
    try:
        parsed: Any = json.loads(message)
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
    try:
        return _MODELS.get(kind, Event).model_validate(data)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise BadEvent(f"{kind}: {where}: {first['msg']}") from None


def _audio(data: dict[str, Any]) -> AudioDelta:
    values = (
        data.get("response_id"),
        data.get("item_id"),
        data.get("content_index", 0),
        data.get("delta"),
    )
    response_id, item_id, index, delta = values
    if not (
        isinstance(response_id, str)
        and isinstance(item_id, str)
        and type(index) is int
        and isinstance(delta, str)
    ):
        raise BadEvent(
            f"{_AUDIO}: response_id, item_id, content_index or delta is wrong"
        )
    return AudioDelta(response_id, item_id, index, delta)

"""Server events that the conversation acts on, as models; `parse` makes them.

The other two dozen of the protocol pass through `Realtime.events` as they came, as do
those that do not exist yet: a model of each here would be a promise to follow the
service's every version, and would be read by nobody.

Fields without which a reply would never end are strict; what is only told (usage,
details, metadata) is dropped where it is wrong, so that the event still counts.
"""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)

from voxpipe.pipeline import Frame

from .history import Role

T = TypeVar("T")

Count = Annotated[int, Field(ge=0, le=2**53)]  # larger ones break arithmetic


def _or_nothing(value: object, validate: ValidatorFunctionWrapHandler) -> Any:
    try:
        return validate(value)
    except ValidationError:
        return None


Told = Annotated[T | None, WrapValidator(_or_nothing)]
"""A field that is passed on, or ``None`` if it cannot be understood."""


def _no_null(value: object) -> object:
    return 0 if value is None else value


Tokens = Annotated[Count, BeforeValidator(_no_null)]


class Event(BaseModel):
    """Anything that the service says; unknown fields are kept."""

    model_config = ConfigDict(extra="allow", frozen=True)

    type: str
    event_id: Told[str] = None


class ServerEvent(Frame):
    """An event that voxpipe does not act on, as it came.

    Attributes:
        event: its ``type``, and every field that it has.
    """

    __slots__ = ("event",)

    def __init__(self, event: Event) -> None:
        self.event = event

    def __repr__(self) -> str:
        return f"<ServerEvent {self.event.type}>"


class ErrorDetail(BaseModel):
    """Why something did not work."""

    type: Told[str] = None
    code: Told[str] = None
    message: Told[str] = Field(default=None, repr=False)
    param: Told[str] = None
    event_id: Told[str] = None


class ErrorEvent(Event):
    """``error``: an order was refused, or the service failed."""

    error: ErrorDetail


class SessionEvent(Event):
    """``session.created`` and ``session.updated``."""

    session: dict[str, Any]


class Content(BaseModel):
    """A part of an item."""

    type: str = ""
    text: Told[str] = None
    transcript: Told[str] = None


class Item(BaseModel):
    """Something in the conversation."""

    id: str
    type: str = ""
    role: Told[str] = None
    status: Told[str] = None
    content: Told[list[Content]] = None
    name: Told[str] = None
    call_id: Told[str] = None
    arguments: Told[str] = None
    output: Told[str] = None

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
        if self.type == "function_call":
            return self.arguments or ""
        if self.type == "function_call_output":
            return self.output or ""
        parts = self.content or ()
        return " ".join(part.text or part.transcript or "" for part in parts).strip()


class ItemEvent(Event):
    """``conversation.item.added`` and ``.done``."""

    item: Item
    previous_item_id: Told[str] = None


class OutputItemEvent(Event):
    """``response.output_item.added`` and ``.done``."""

    response_id: str
    item: Item


class SpeechEvent(Event):
    """``input_audio_buffer.speech_started`` and ``speech_stopped``."""

    item_id: str = ""
    audio_start_ms: Count = 0
    audio_end_ms: Count = 0


class CommittedEvent(Event):
    """``input_audio_buffer.committed``."""

    item_id: str
    previous_item_id: Told[str] = None


class CachedTokens(BaseModel):
    """How many input tokens of each class came from the cache."""

    text_tokens: Tokens = 0
    audio_tokens: Tokens = 0
    image_tokens: Tokens = 0


class InputTokens(BaseModel):
    """Input tokens by class; cached ones are among them."""

    text_tokens: Tokens = 0
    audio_tokens: Tokens = 0
    image_tokens: Tokens = 0
    cached_tokens_details: CachedTokens | None = None


class OutputTokens(BaseModel):
    """Output tokens by class."""

    text_tokens: Tokens = 0
    audio_tokens: Tokens = 0


class TokenUsage(BaseModel):
    """What a response has used."""

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


class TranscriptionUsage(BaseModel):
    """What a transcription has used: tokens of both kinds, or seconds."""

    seconds: Annotated[float, Field(ge=0, le=1e6)] = 0.0
    input_token_details: InputTokens | None = None
    output_tokens: Tokens = 0

    def by_class(self) -> dict[str, int]:
        """Counts by price class."""
        given = self.input_token_details or InputTokens()
        return {
            "text_in": given.text_tokens,
            "audio_in": given.audio_tokens,
            "text_out": self.output_tokens,
        }


class StatusDetails(BaseModel):
    """Why a response ended as it did."""

    reason: Told[str] = None
    error: Told[ErrorDetail] = None

    @property
    def why(self) -> str:
        """In one word of the service's."""
        if self.error is not None:
            return self.error.code or self.error.type or self.reason or ""
        return self.reason or ""


class Response(BaseModel):
    """A reply as the service sees it."""

    id: str
    status: Told[str] = None
    status_details: Told[StatusDetails] = None
    metadata: Told[dict[str, Any]] = None
    usage: Told[TokenUsage] = None


class ResponseEvent(Event):
    """``response.created`` and ``response.done``."""

    response: Response


class DeltaEvent(Event):
    """A piece of a part of a reply."""

    response_id: str
    item_id: str
    content_index: Count = 0
    delta: str


class PartDoneEvent(Event):
    """The end of a part of a reply, with its words if it has any."""

    response_id: str
    item_id: str
    content_index: Count = 0
    text: Told[str] = None
    transcript: Told[str] = None


class TranscriptionEvent(Event):
    """``conversation.item.input_audio_transcription.…``: the caller's words."""

    item_id: str
    delta: Told[str] = None
    transcript: Told[str] = None
    usage: Told[TranscriptionUsage] = None

"""Replies of the model: their beginning, their parts, their end."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from .event import Body, Count, Event, Fields, Name, OfItem, Tally, Told
from .items import Content, Item
from .session import ErrorDetail, word
from .usage import TokenUsage


class StatusDetails(Fields, frozen=True):
    """Why a response ended as it did."""

    type: Told[str] = None
    reason: Told[str] = None
    error: Told[ErrorDetail] = None

    @property
    def why(self) -> str:
        """In one word of the service's."""
        if self.error is not None:
            return self.error.name
        return word(self.reason)


class Response(Fields, frozen=True):
    """A reply as the service sees it.

    Attributes:
        conversation_id: ``None`` where it is out of band.
        output: what the model has said and called, without audio.
    """

    id: Name = ""
    status: Told[str] = None
    status_details: Told[StatusDetails] = None
    conversation_id: Told[str] = None
    output: Told[tuple[Item, ...]] = None
    output_modalities: Told[tuple[str, ...]] = None
    max_output_tokens: Told[int | Literal["inf"]] = None
    audio: Told[dict[str, Any]] = None
    metadata: Told[dict[str, Any]] = None
    usage: Told[TokenUsage] = None

    @property
    def is_aside(self) -> bool:
        """It says that it is out of band."""
        return "conversation_id" in self.model_fields_set and not self.conversation_id


class ResponseEvent(Event, frozen=True):
    """``response.created`` and ``response.done``."""

    type: Literal["response.created", "response.done"]
    response: Body[Response] = Field(default_factory=Response)

    @property
    def is_nameless(self) -> bool:
        """Which reply begins, nobody knows; which has ended can often be told."""
        return self.type == "response.created" and not self.response.id


class OutputItemEvent(Event, frozen=True):
    """``response.output_item.added`` and ``.done``: a message or a call of a reply."""

    type: Literal["response.output_item.added", "response.output_item.done"]
    response_id: Name = ""
    output_index: Told[Count] = None
    item: Body[Item] = Field(default_factory=Item)

    @property
    def is_nameless(self) -> bool:
        """Which item, or whose, nobody knows."""
        return not (self.item.id and self.response_id)


class ContentPartEvent(OfItem, frozen=True):
    """``response.content_part.added`` and ``.done``: a part of a message."""

    type: Literal["response.content_part.added", "response.content_part.done"]
    response_id: Name = ""
    output_index: Told[Count] = None
    content_index: Tally = 0
    part: Told[Content] = None


class DeltaEvent(Event, frozen=True):
    """More words of a part of a reply, written or spoken.

    Attributes:
        delta: the new words; ``obfuscation`` beside them is padding of random length.
    """

    type: Literal[
        "response.output_text.delta", "response.output_audio_transcript.delta"
    ]
    response_id: str
    item_id: str
    output_index: Told[Count] = None
    content_index: Tally = 0
    delta: str


class PartDoneEvent(OfItem, frozen=True):
    """The end of a part of a reply, with its words if it has any."""

    type: Literal[
        "response.output_audio.done",
        "response.output_text.done",
        "response.output_audio_transcript.done",
    ]
    response_id: Name = ""
    output_index: Told[Count] = None
    content_index: Tally = 0
    text: Told[str] = None
    transcript: Told[str] = None


class ArgumentsEvent(OfItem, frozen=True):
    """What the model writes into a call, piece by piece and at last all of it.

    Attributes:
        call_id: of a function call; calls of MCP tools have none.
        name: of the function, when it is done.
        delta: more of the JSON text, of ``….delta``.
        arguments: all of it, of ``….done``.
    """

    type: Literal[
        "response.function_call_arguments.delta",
        "response.function_call_arguments.done",
        "response.mcp_call_arguments.delta",
        "response.mcp_call_arguments.done",
    ]
    response_id: Name = ""
    output_index: Told[Count] = None
    call_id: Told[str] = None
    name: Told[str] = None
    delta: Told[str] = None
    arguments: Told[str] = None

"""The items of the conversation, and what becomes of them."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from .event import Body, Event, Fields, Name, OfItem, Tally, Told

Role = Literal["user", "agent", "system", "tool"]
"""Whose an item is; ``tool`` for calls and their results."""


class Content(Fields, frozen=True):
    """A part of a message.

    Attributes:
        type: ``input_text``, ``input_audio``, ``input_image``, ``output_text`` or
            ``output_audio``; in ``response.content_part.…`` only ``text`` or ``audio``.
        audio: base64, and only where an item was asked for (``…item.retrieved``).
    """

    type: Name = ""
    text: Told[str] = None
    transcript: Told[str] = None
    audio: Told[str] = None
    image_url: Told[str] = None
    detail: Told[str] = None


class McpError(Fields, frozen=True):
    """Why a tool of a server that the service calls has failed."""

    type: Told[str] = None
    code: Told[int] = None
    message: Told[str] = None


class McpTool(Fields, frozen=True):
    """A tool of a server that the service calls."""

    name: Name = ""
    description: Told[str] = None
    input_schema: Told[dict[str, Any]] = None
    annotations: Told[dict[str, Any]] = None


class Item(Fields, frozen=True):
    """Something in the conversation.

    Attributes:
        type: ``message``, ``function_call``, ``function_call_output``,
            ``mcp_list_tools``, ``mcp_call``, ``mcp_approval_request`` or
            ``mcp_approval_response``; it decides which of the others are there.
        phase: of a message of a model that reasons: ``commentary`` or ``final_answer``.
    """

    id: Name = ""
    type: Name = ""
    role: Told[str] = None
    status: Told[str] = None
    phase: Told[str] = None
    content: Told[list[Content]] = None
    name: Told[str] = None
    call_id: Told[str] = None
    arguments: Told[str] = None
    output: Told[str] = None
    server_label: Told[str] = None
    tools: Told[tuple[McpTool, ...]] = None
    error: Told[McpError] = None
    approval_request_id: Told[str] = None
    approve: Told[bool] = None
    reason: Told[str] = None

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

    @property
    def written(self) -> str:
        """What a person has written in it; what they have said is transcribed."""
        parts = self.content or ()
        texts = (part.text or "" for part in parts if part.type == "input_text")
        return " ".join(texts).strip()

    @property
    def pictures(self) -> int:
        """How many it shows."""
        parts = self.content or ()
        return sum(1 for part in parts if part.type == "input_image")


class ConversationBody(Fields, frozen=True):
    """The conversation of the session."""

    id: Name = ""


class ConversationEvent(Event, frozen=True):
    """``conversation.created``; the service has a type for it and does not send it."""

    type: Literal["conversation.created"]
    conversation: Told[ConversationBody] = None


class ItemEvent(Event, frozen=True):
    """An item has entered the conversation, or is complete (``….done``).

    ``conversation.item.created`` is the beta's word for ``….added``.
    """

    type: Literal[
        "conversation.item.added",
        "conversation.item.done",
        "conversation.item.created",
    ]
    item: Body[Item] = Field(default_factory=Item)
    previous_item_id: Told[str] = None

    @property
    def is_nameless(self) -> bool:
        """Which item, nobody knows."""
        return not self.item.id


class RetrievedEvent(Event, frozen=True):
    """``conversation.item.retrieved``: an item as it was asked for, with its audio."""

    type: Literal["conversation.item.retrieved"]
    item: Body[Item] = Field(default_factory=Item)

    @property
    def is_nameless(self) -> bool:
        """Which item, nobody knows."""
        return not self.item.id


class TruncatedEvent(OfItem, frozen=True):
    """``conversation.item.truncated``: so much of its audio stays, and no words."""

    type: Literal["conversation.item.truncated"]
    content_index: Tally = 0
    audio_end_ms: Tally = 0


class DeletedEvent(OfItem, frozen=True):
    """``conversation.item.deleted``."""

    type: Literal["conversation.item.deleted"]

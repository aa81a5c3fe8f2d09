"""What a client can tell the service: its eleven events.

A program need not send them: each is behind a method of `Realtime`, which knows when it
may be sent. They are here for who reads or writes recordings, and for tests.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, TypeAdapter

from .event import Count, Fields


class Order(Fields, frozen=True):
    """What all of them have.

    Attributes:
        event_id: comes back in the ``error`` that refuses it; 512 characters at most.
    """

    event_id: str | None = None

    def to_wire(self) -> dict[str, Any]:
        """As the service reads it."""
        return self.model_dump(exclude_none=True)


class UpdateSession(Order, frozen=True):
    """Change the fields that are given."""

    type: Literal["session.update"] = "session.update"
    session: dict[str, Any]


class AppendAudio(Order, frozen=True):
    """More of what the caller says, in base64; it is not acknowledged."""

    type: Literal["input_audio_buffer.append"] = "input_audio_buffer.append"
    audio: str


class CommitAudio(Order, frozen=True):
    """Make an item of what was appended; of at least 100 ms."""

    type: Literal["input_audio_buffer.commit"] = "input_audio_buffer.commit"


class ClearAudio(Order, frozen=True):
    """Throw away what was appended."""

    type: Literal["input_audio_buffer.clear"] = "input_audio_buffer.clear"


class ClearPlayback(Order, frozen=True):
    """Stop what the service plays itself (WebRTC and SIP)."""

    type: Literal["output_audio_buffer.clear"] = "output_audio_buffer.clear"


class CreateItem(Order, frozen=True):
    """Put an item into the conversation.

    Attributes:
        previous_item_id: the item before it, or ``root``; at the end by default.
    """

    type: Literal["conversation.item.create"] = "conversation.item.create"
    item: dict[str, Any]
    previous_item_id: str | None = None


class RetrieveItem(Order, frozen=True):
    """Ask for an item with its audio."""

    type: Literal["conversation.item.retrieve"] = "conversation.item.retrieve"
    item_id: str


class TruncateItem(Order, frozen=True):
    """Keep only the beginning of what the model has said."""

    type: Literal["conversation.item.truncate"] = "conversation.item.truncate"
    item_id: str
    content_index: Count = 0
    audio_end_ms: Count


class DeleteItem(Order, frozen=True):
    """Take an item out of the conversation."""

    type: Literal["conversation.item.delete"] = "conversation.item.delete"
    item_id: str


class CreateResponse(Order, frozen=True):
    """Ask for a reply."""

    type: Literal["response.create"] = "response.create"
    response: dict[str, Any] | None = None


class CancelResponse(Order, frozen=True):
    """Stop a reply that is being made."""

    type: Literal["response.cancel"] = "response.cancel"
    response_id: str | None = None


ClientEvent = Annotated[
    UpdateSession
    | AppendAudio
    | CommitAudio
    | ClearAudio
    | ClearPlayback
    | CreateItem
    | RetrieveItem
    | TruncateItem
    | DeleteItem
    | CreateResponse
    | CancelResponse,
    Discriminator("type"),
]

_ADAPTER: TypeAdapter[Any] = TypeAdapter(ClientEvent)


def read_order(message: str | bytes) -> Order:
    """A client event from its JSON text.

    Raises:
        pydantic.ValidationError: it is none of the eleven, or lacks a field.
    """
    order: Order = _ADAPTER.validate_json(message)
    return order

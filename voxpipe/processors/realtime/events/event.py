"""What every event has, and how its fields are read.

Fields without which a reply would never end are strict; what is only told (usage,
details, metadata) is dropped where it is wrong, so that the event still counts. Fields
that nobody knows yet are kept. What people said stays out of every ``repr``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    Field,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)

from voxpipe.pipeline import Frame

T = TypeVar("T")

Count = Annotated[int, Field(ge=0, le=2**53)]  # larger ones break arithmetic


def _or_nothing(value: object, validate: ValidatorFunctionWrapHandler) -> Any:
    try:
        return validate(value)
    except ValidationError:
        return None


Told = Annotated[T | None, WrapValidator(_or_nothing)]
"""A field that is passed on, or ``None`` if it cannot be understood."""


def _zero(value: object) -> object:
    return 0 if value is None else value


def _nameless(value: object) -> object:
    return "" if value is None else value


Tokens = Annotated[Count, BeforeValidator(_zero)]
Name = Annotated[str, BeforeValidator(_nameless)]
"""The service's name for something; empty if it gave none, which its types allow."""

_SHOWN = ("type", "event_id", "id", "item_id", "response_id", "status", "code")


class Fields(BaseModel, frozen=True, extra="allow"):
    """Some fields of an event; those that nobody knows are in ``model_extra``."""

    def __repr_args__(self) -> Iterator[tuple[str, Any]]:
        for name in _SHOWN:
            value = getattr(self, name, None)
            if value:
                yield name, value


class Event(Fields, frozen=True):
    """Anything that the service says; its types are in this package, by topic.

    Attributes:
        type: what happened. A type that nobody knows is an `Event` and nothing more.
        event_id: its own name; only keys pressed on a telephone have none.
    """

    type: str
    event_id: Told[str] = None

    @property
    def is_nameless(self) -> bool:
        """It does not say what it is about, so that it can only be passed on."""
        return False


class ServerEvent(Frame):
    """An event of the service, for who reads `Realtime.events`.

    Attributes:
        event: one of the types in ``voxpipe.processors.realtime.events``, or a plain
            `Event` where the service has invented another since.
    """

    __slots__ = ("event",)

    def __init__(self, event: Event) -> None:
        self.event = event

    def __repr__(self) -> str:
        return f"<ServerEvent {self.event.type}>"

"""What every event has, and how its fields are read.

A field that is wrong costs itself and not its event, for the end of a reply must not be
lost with a number beside it: it is dropped, and its name given to whoever reads (the
list that is the context of the validation). Only what carries nothing else, such as
words, is strict. Fields that nobody knows yet are kept. What people said stays out of
every ``repr``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, TypeVar, cast

from pydantic import (
    BaseModel,
    BeforeValidator,
    Field,
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)

from voxpipe.pipeline import Frame

T = TypeVar("T")

Count = Annotated[int, Field(ge=0, le=2**53)]  # larger ones break arithmetic


def _dropped(info: ValidationInfo) -> None:
    told: list[str] | None = info.context
    if told is not None:
        told.append(info.field_name or "a field")


def _or_nothing(
    value: object, validate: ValidatorFunctionWrapHandler, info: ValidationInfo
) -> Any:
    try:
        return validate(value)
    except ValidationError:
        _dropped(info)
        return None


def _or_zero(
    value: object, validate: ValidatorFunctionWrapHandler, info: ValidationInfo
) -> Any:
    return 0 if value is None else _or_nothing(value, validate, info) or 0


def _or_nameless(
    value: object, validate: ValidatorFunctionWrapHandler, info: ValidationInfo
) -> Any:
    return "" if value is None else _or_nothing(value, validate, info) or ""


def _or_empty(value: object, info: ValidationInfo) -> object:
    if isinstance(value, dict | BaseModel):
        return cast("object", value)
    _dropped(info)
    return {}


Told = Annotated[T | None, WrapValidator(_or_nothing)]
"""A field that is passed on, or ``None`` if it cannot be understood."""

Tally = Annotated[Count, WrapValidator(_or_zero)]
"""A number that is 0 where there is none, or none that can be understood."""

Name = Annotated[str, WrapValidator(_or_nameless)]
"""The service's name for something; empty if it gave none that can be understood."""

Body = Annotated[T, BeforeValidator(_or_empty)]
"""Fields of their own: all left out if they cannot be understood."""

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


class OfItem(Event, frozen=True):
    """An event about one item.

    Attributes:
        item_id: which.
    """

    item_id: Name = ""

    @property
    def is_nameless(self) -> bool:
        """Which item, nobody knows."""
        return not self.item_id


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

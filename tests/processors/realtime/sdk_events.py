"""Events generated from the official SDK's own types, so that a new release is met.

Each type gives its smallest instance, its fullest, and one for each member of a union.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from openai.types.realtime import (
    RealtimeClientEvent,
    RealtimeServerEvent,
    RealtimeTranslationServerEvent,
    ResponseItemReference,
)
from pydantic import BaseModel

Json = dict[str, Any]
WORD = "AAAAAAAA"  # also base64, of three samples


def _members(union: Any) -> dict[str, type[BaseModel]]:
    return {
        get_args(model.model_fields["type"].annotation)[0]: model
        for model in get_args(get_args(union)[0])
    }


SERVER = _members(RealtimeServerEvent)
TRANSLATION = _members(RealtimeTranslationServerEvent)
CLIENT = _members(RealtimeClientEvent)


def judge(order: Json) -> None:
    """Have the SDK check what a client says; references have a type of their own."""
    if "input" in (order.get("response") or {}):
        response = order["response"]
        plain = [each for each in response["input"] if "reference" not in each["type"]]
        for each in response["input"]:
            if each not in plain:
                ResponseItemReference.model_validate(each)
        order = order | {"response": response | {"input": plain}}
    CLIENT[order["type"]].model_validate(order)


def instances(model: type[BaseModel]) -> Iterator[Json]:
    """Every shape that the SDK allows, each checked by the SDK."""
    seen: list[Json] = []
    for full in (False, True):
        for event in _objects(model, full=full):
            if event not in seen:
                model.model_validate(event)
                seen.append(event)
                yield event


def _objects(model: type[BaseModel], *, full: bool) -> Iterator[Json]:
    chosen: dict[str, list[Any]] = {
        field.alias or name: list(_values(field.annotation, full=full))
        for name, field in model.model_fields.items()
        if full or field.is_required()
    }
    # Not every combination: each value of each field once, the others as they come.
    for turn in range(max((len(each) for each in chosen.values()), default=1)):
        yield {name: each[turn % len(each)] for name, each in chosen.items()}


def _values(kind: Any, *, full: bool) -> Iterator[Any]:
    origin = get_origin(kind)
    if origin is Annotated:
        yield from _values(get_args(kind)[0], full=full)
    elif origin in (Union, UnionType):
        for member in get_args(kind):
            yield from _values(member, full=full)
    elif origin is Literal:
        yield from get_args(kind)
    elif origin is list:
        yield list(_values(get_args(kind)[0], full=full)) if full else []
    elif origin is dict:
        value = next(_values(get_args(kind)[1], full=full))
        yield {WORD: value} if full else {}
    elif isinstance(kind, type) and issubclass(kind, BaseModel):
        yield from _objects(kind, full=full)
    else:
        yield _PLAIN[kind]


_PLAIN: dict[Any, Any] = {
    str: WORD,
    int: 1,
    float: 1.5,
    bool: True,
    object: {},
    Any: {},
    NoneType: None,
}

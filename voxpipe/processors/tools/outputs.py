"""What a tool gave back, as text for the model: always some, never too much of it."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel

Failure = Literal[
    "invalid_arguments",
    "unknown_tool",
    "tool_error",
    "timeout",
    "cancelled",
    "unserialisable",
    "busy",
    "unavailable",
    "refused",
    "approval_needed",
]

MIN_OUTPUT = 1024  # bytes of output; room for every note and every error
_MAX_MESSAGE = 1000  # characters of an error's message


@dataclass(frozen=True, slots=True)
class CallAnswer:
    """The one answer to a call.

    Attributes:
        output: for the model: the text of a tool that gives text, else JSON.
        error: which failure the output tells of, if it does.
    """

    output: str
    error: Failure | None = None


def failure(kind: Failure, message: str) -> CallAnswer:
    """An error as the model sees it."""
    message = _encodable(message[:_MAX_MESSAGE])
    output = _shrink(
        message,
        MIN_OUTPUT,
        lambda start: _json({"error": {"type": kind, "message": start}}),
    )
    return CallAnswer(output, kind)


def describe(error: Exception) -> str:
    """An exception in words, even one that cannot say what it is."""
    try:
        text = str(error)
    except Exception:  # noqa: BLE001 - it runs code of the user's
        text = ""
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def success(value: object, limit: int) -> CallAnswer:
    """``value`` as text of at most ``limit`` bytes, or the failure to make it text.

    A text stays as it is. Everything else becomes JSON: what JSON has, and enums,
    dates, decimals, UUIDs, dataclasses and pydantic models anywhere within.
    """
    if isinstance(value, str):
        return CallAnswer(_cut_text(_encodable(value), limit))
    try:
        text = _encodable(_json(value))
    except Exception as error:  # noqa: BLE001 - a value may run any code of the user's
        return failure(
            "unserialisable",
            f"the tool returned a {type(value).__name__} that cannot be made JSON: "
            f"{describe(error)}",
        )
    return CallAnswer(_cut_json(text, limit))


def _json(value: object) -> str:
    return json.dumps(value, default=_plain, allow_nan=False, ensure_ascii=False)


def _plain(value: object) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = dataclasses.fields(value)
        return {each.name: getattr(value, each.name) for each in fields}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, Decimal | UUID):
        return str(value)
    raise TypeError(f"JSON has nothing for a {type(value).__name__}")


def _encodable(text: str) -> str:
    # Half a surrogate pair is no text: it would break the message to the model.
    return text.encode("utf-8", "replace").decode()


def _cut_text(text: str, limit: int) -> str:
    size = len(text.encode())
    if size <= limit:
        return text
    note = f"\n[cut: the tool gave {size} bytes, the limit is {limit}]"
    return _shrink(text, limit, lambda start: start + note)


def _cut_json(text: str, limit: int) -> str:
    size = len(text.encode())
    if size <= limit:
        return text
    note = f"cut: the tool gave {size} bytes of JSON, the limit is {limit}"
    return _shrink(text, limit, lambda start: _json({"note": note, "start": start}))


def _shrink(text: str, limit: int, wrap: Callable[[str], str]) -> str:
    # In JSON a quote takes two bytes: so measure, and take less until it fits.
    start = text.encode()[:limit].decode(errors="ignore")
    while len((wrapped := wrap(start)).encode()) > limit:
        start = start[: len(start) * 15 // 16]
    return wrapped

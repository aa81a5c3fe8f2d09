"""What a tool gave back, as text for the model: always some, never too much of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Literal, cast

from voxpipe.pipeline import Image, ReplyWanted
from voxpipe.pipeline.runtime.surrogates import replace_surrogates

from .errors import check_choice
from .plain import Plain, bare, left_out

Failure = Literal[
    "invalid_arguments",
    "unknown_tool",
    "tool_error",
    "timeout",
    "cancelled",
    "busy",
    "unavailable",
    "refused",
    "approval_needed",
]

MAX_DRAWN = 65_536  # of an iterator; more is more than anybody listens to
MIN_OUTPUT = 1024  # bytes of output; room for every note and every error
_MAX_MESSAGE = 1000  # characters of an error's message


@dataclass(frozen=True, slots=True)
class ToolOutput:
    """What a tool returns to say more of its result than the value.

    Attributes:
        value: the result, as it would be returned by itself.
        reply: whether the model is to speak because of it, in place of what the tool
            says for all of them.

    Raises:
        ToolError: a reply that is none.
    """

    value: object = field(default=None, repr=False)
    reply: ReplyWanted | None = None

    def __post_init__(self) -> None:
        if self.reply is not None:
            check_choice("reply", self.reply, ReplyWanted)


@dataclass(frozen=True, slots=True)
class CallAnswer:
    """The one answer to a call.

    Attributes:
        output: for the model: the text of a tool that gives text, else JSON.
        error: which failure the output tells of, if it does.
        reply: whether the model is to speak because of it, if the result says so.
        pictures: those in the result.
        left_out: the types of what is in the result and not in the output, as JSON has
            nothing for it.
    """

    output: str
    error: Failure | None = None
    reply: ReplyWanted | None = None
    pictures: tuple[Image, ...] = ()
    left_out: tuple[str, ...] = ()


def failure(kind: Failure, message: str) -> CallAnswer:
    """An error as the model sees it."""
    message = replace_surrogates(message[:_MAX_MESSAGE])
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
    """``value`` as text of at most ``limit`` bytes.

    A text stays as it is. Everything else becomes JSON, as far as there is JSON for it
    (`Plain`); never a failure, for the tool has done its work.
    """
    if issubclass(type(value), ToolOutput):
        output = cast("ToolOutput", value)
        return replace(success(output.value, limit), reply=output.reply)
    if issubclass(type(value), Iterator):
        # What it has still to do is the tool's work: done here, where it may fail.
        value = list(islice(cast("Iterator[object]", value), MAX_DRAWN))
    with suppress(Exception):  # a proxy runs code of the user's
        value = bare(value)
    if issubclass(type(value), str):
        # Of an enum of texts, the text.
        return CallAnswer(_cut_text(str.__str__(cast("str", value)), limit))
    plain = Plain(limit)
    told = plain.of(value)
    if plain.left_out and told == left_out(value):
        told = {"done": True, "note": f"the tool has run, and gave: {told}"}
    text = _cut_json(_json(told), limit)
    return CallAnswer(
        text, pictures=tuple(plain.pictures), left_out=tuple(plain.left_out)
    )


def _json(value: object) -> str:
    return json.dumps(value, allow_nan=False, ensure_ascii=False)


def _cut_text(text: str, limit: int) -> str:
    text = replace_surrogates(text)
    size = len(text.encode())
    if size <= limit:
        return text
    note = f"\n[cut: the tool gave {size} bytes, the limit is {limit}]"
    return _shrink(text, limit, lambda start: start + note)


def _cut_json(text: str, limit: int) -> str:
    text = replace_surrogates(text)
    size = len(text.encode())
    if size <= limit:
        return text
    note = f"cut: the tool gave {size} bytes of JSON or more, the limit is {limit}"
    return _shrink(text, limit, lambda start: _json({"note": note, "start": start}))


def _shrink(text: str, limit: int, wrap: Callable[[str], str]) -> str:
    # In JSON a quote takes two bytes: so measure, and take less until it fits.
    start = text.encode()[:limit].decode(errors="ignore")
    while len((wrapped := wrap(start)).encode()) > limit:
        start = start[: len(start) * 15 // 16]
    return wrapped

"""The fields of a carrier's JSON: looked at one by one, and never repeated."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from voxpipe.pipeline import AudioFormat
from voxpipe.pipeline.frames import KEYS

from .codec import MAX_MESSAGE
from .events import WireError

MAX_PARAMETERS = 64
MAX_PARAMETER = 4_096  # characters of a name, or of a value; Twilio allows 500
NAME = re.compile(r"[A-Za-z0-9_.:-]{1,128}")
"""What carriers name calls and streams: nothing that JSON, a URL or a log escapes."""

_parse_json = json.JSONDecoder().raw_decode


def parse_object(message: str | bytes) -> dict[str, Any]:
    """The one JSON object that a message has to be.

    `json.loads` looks for white space around it first, which takes as long again.

    Raises:
        WireError: it is too long, or none.
    """
    if len(message) > MAX_MESSAGE:
        raise WireError(
            f"expected a message of at most {MAX_MESSAGE} characters, "
            f"got {len(message)}"
        )
    value: dict[str, Any] | None = None  # or anything else
    text, end = "", 0
    try:
        text = message if isinstance(message, str) else message.decode()
        text = text.strip()
        value, end = _parse_json(text)
    except (ValueError, RecursionError):
        pass  # bad JSON or UTF-8, a number of a thousand digits, a thousand lists
    # Raised here, so that it does not carry the error above, which knows the message.
    if type(value) is not dict or end != len(text):
        raise WireError(
            f"expected one JSON object, got {len(message)} characters that are not"
        )
    return value


def binary_of(message: bytes, format: AudioFormat | None, start: str) -> bytes:
    """The audio that a binary message is.

    Args:
        message: as it came.
        format: of the stream; ``None`` until it has begun.
        start: the message with which it does.

    Raises:
        WireError: it is too long, or comes before the stream has begun.
    """
    if len(message) > MAX_MESSAGE:
        raise WireError(
            f"expected a message of at most {MAX_MESSAGE} bytes, got {len(message)}"
        )
    if format is None:
        raise WireError(f"expected {start} before audio")
    return message


def part_of(value: dict[str, Any], name: str, where: str = "") -> dict[str, Any]:
    """The object in the field ``name``.

    Args:
        value: that has the field.
        name: of the field.
        where: the path to ``value``, for messages.

    Raises:
        WireError: it is none.
    """
    part: dict[str, Any] | None = value.get(name)
    if type(part) is not dict:
        raise wrong(where + name, "an object", part)
    return part


def text_of(value: dict[str, Any], name: str, where: str = "") -> str:
    """The text in the field ``name``; likewise."""
    text = value.get(name)
    if type(text) is not str or not _is_clean(text):
        raise wrong(where + name, "a text", text)
    return text


def number_of(value: dict[str, Any], name: str, where: str = "") -> int:
    """The number in the field ``name``, from one to a million; likewise."""
    number = value.get(name)
    if type(number) is not int or not 0 < number < 1_000_000:
        raise wrong(where + name, "a whole number below a million", number)
    return number


def name_of(value: dict[str, Any], name: str, where: str = "") -> str:
    """A carrier's `NAME` for something, in the field ``name``; likewise."""
    text = text_of(value, name, where)
    if NAME.fullmatch(text) is None:
        raise wrong(where + name, "letters and digits", text)
    return text


def key_of(value: dict[str, Any], name: str, where: str = "") -> str:
    """The key of a telephone in the field ``name``; likewise."""
    key = text_of(value, name, where)
    if key not in KEYS:
        raise wrong(where + name, "one of 0-9*#A-D", key)
    return key


def payload_of(value: dict[str, Any], name: str, where: str = "") -> str:
    """What should be base64 in the field ``name``; a frame is made of nothing else."""
    payload: str | None = value.get(name)
    if type(payload) is not str:
        raise wrong(where + name, "base64", payload)
    return payload


def milliseconds_of(value: dict[str, Any], name: str) -> int | None:
    """Digits, or a number, in the field ``name``; ``None`` where there is neither."""
    at: Any = value.get(name)
    if type(at) is str and len(at) < 14 and at.isdecimal():
        return int(at)
    return at if type(at) is int and 0 <= at < 10**13 else None


def parameters_of(value: dict[str, Any], name: str, where: str) -> Mapping[str, str]:
    """What the webhook's answer passed on, in the field ``name``; it may be absent.

    Raises:
        WireError: no texts, or too much of them.
    """
    parameters: dict[str, str] | None = value.get(name)
    if parameters is None:
        return {}
    where += name
    if type(parameters) is not dict:
        raise wrong(where, "an object", parameters)
    if len(parameters) > MAX_PARAMETERS:
        raise WireError(
            f"expected at most {MAX_PARAMETERS} {where}, got {len(parameters)}"
        )
    for key, text in parameters.items():
        if type(text) is not str or not _is_clean(key) or not _is_clean(text):
            raise wrong(where, "texts", text)
        if max(len(key), len(text)) > MAX_PARAMETER:
            raise WireError(
                f"expected {where} of at most {MAX_PARAMETER} characters each"
            )
    return parameters


def wrong(name: str, wanted: str, got: Any) -> WireError:
    """What was expected of a field, and what kind of thing came."""
    what = f"{len(got)} characters" if type(got) is str else _KINDS[type(got)]
    return WireError(f"expected {name} to be {wanted}, got {what}")


def _is_clean(text: str) -> bool:
    """It has no half of a surrogate pair, which JSON can hold and UTF-8 cannot."""
    return text.isascii() or not any("\ud800" <= each <= "\udfff" for each in text)


_KINDS: dict[type, str] = {
    type(None): "none",
    bool: "a boolean",
    int: "a number",
    float: "a number",
    list: "a list",
    dict: "an object",
}

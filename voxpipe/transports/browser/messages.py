"""The words of page and server, version 1: read and written here, and nowhere else.

``docs/browser.md`` has the tables. Audio is binary, behind whole numbers of 32 bits,
little-endian; all else is JSON. Kinds and fields that are not known are passed over:
newer pages may have some.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass, field
from typing import Any, Final

from voxpipe.transports.telephony.carrier.events import (
    Audio,
    Digit,
    Event,
    Own,
    Stopped,
    Unknown,
    WireError,
)
from voxpipe.transports.telephony.carrier.fields import key_of, parse_object, wrong

PROTOCOL: Final = "voxpipe.1"
"""The sub-protocol of the WebSocket; a major change is another one."""

MAX_MESSAGE = 65_536  # characters, or bytes; 40 ms of audio have 1,924
MAX_TEXT = 16_384  # characters that a person may write at once
MAX_PIECE = 48_000  # characters of base64 in one piece of a picture
MAX_SECRET = 4_096  # characters of a token, or of a seat

_COUNT = struct.Struct("<I")
_COUNTS = struct.Struct("<II")
_LAST = 2**32 - 1


@dataclass(frozen=True, slots=True)
class Hello:
    """The first message: who comes, or comes back.

    Attributes:
        token: that the app has made for them; empty for none.
        seat: the secret of a call to go on with; empty for a new one.
    """

    token: str = field(default="", repr=False)
    seat: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Muted(Own):
    """The microphone is shut, or open again."""

    muted: bool


@dataclass(frozen=True, slots=True)
class PlayedTo(Own):
    """The loudspeaker has played a reply so far.

    Attributes:
        reply: its number.
        seconds: from its start.
    """

    reply: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Interrupted(Own):
    """The person has pressed the button that silences the agent."""


@dataclass(frozen=True, slots=True)
class Written(Own):
    """The person has written something."""

    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class PicturePiece(Own):
    """A part of a picture, in base64; they come in order, and are read when whole.

    Attributes:
        data: at most 48,000 characters.
        more: others follow.
        text: goes with it; of the last one.
    """

    data: str = field(repr=False)
    more: bool = False
    text: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Unusable(Own):
    """What the person has sent cannot be used.

    Attributes:
        why: for people, and the log.
    """

    why: str


PageEvent = Audio | Event


def parse_hello(message: str | bytes) -> Hello:
    """The first message of a page.

    Raises:
        WireError: it is something else.
    """
    if isinstance(message, bytes):
        raise WireError("expected hello, got audio")
    value = parse_object(message)
    if value.get("type") != "hello":
        raise WireError("expected hello, got another message")
    return Hello(_secret(value, "token"), _secret(value, "seat"))


def parse(message: str | bytes, rate: int) -> PageEvent:
    """What a page says in a call.

    Args:
        message: as it came.
        rate: samples per second of its audio.

    Raises:
        WireError: it is too long, or not what a page says.
    """
    if isinstance(message, bytes):
        return _audio(message, rate)
    value = parse_object(message)
    kind = value.get("type")
    match kind:
        case "played":
            reply, ms = _whole(value, "reply"), _number(value, "ms")
            return PlayedTo(reply, ms / 1000)
        case "muted":
            return Muted(_flag(value, "muted"))
        case "interrupt":
            return Interrupted()
        case "text":
            return _written(value)
        case "image":
            return _picture(value)
        case "key":
            return Digit(key_of(value, "digit"))
        case "bye":
            return Stopped()
        case "hello":
            raise WireError("expected what happens in a call, got another hello")
        case str():
            return Unknown()
        case _:
            raise wrong("type", "a text", kind)


def audio(reply: int, before: int, data: bytes) -> bytes:
    """Audio for the loudspeaker.

    Args:
        reply: its number; 0 for what is of none.
        before: samples of the reply before these.
        data: the samples, of 16 bits each.
    """
    return _COUNTS.pack(reply, min(before, _LAST)) + data


def message(kind: str, /, **fields: Any) -> str:
    """Anything else; what is ``None`` is left out, but for a price."""
    told = {k: v for k, v in fields.items() if v is not None or k == "usd"}
    return json.dumps({"type": kind, **told}, ensure_ascii=False, allow_nan=False)


def _audio(message: bytes, rate: int) -> Audio:
    if len(message) > MAX_MESSAGE:
        raise WireError(
            f"expected a message of at most {MAX_MESSAGE} bytes, got {len(message)}"
        )
    if len(message) <= _COUNT.size:
        raise WireError(
            f"expected the number of a sample and audio, got {len(message)} bytes"
        )
    (before,) = _COUNT.unpack_from(message)
    return message[_COUNT.size :], before * 1000 // rate


def _written(value: dict[str, Any]) -> Event:
    text = _text(value, "text")
    if len(text) > MAX_TEXT:
        return Unusable(f"a text is too long: {len(text)} characters, not {MAX_TEXT}")
    return Written(text) if text.strip() else Unknown()


def _picture(value: dict[str, Any]) -> Event:
    data = _text(value, "data")
    if len(data) > MAX_PIECE:
        raise wrong("data", f"at most {MAX_PIECE} characters", data)
    text = _text(value, "text") if value.get("text") is not None else ""
    if len(text) > MAX_TEXT:
        return Unusable(f"a text is too long: {len(text)} characters, not {MAX_TEXT}")
    return PicturePiece(data, value.get("more") is True, text)


def _text(value: dict[str, Any], name: str) -> str:
    text = value.get(name)
    if type(text) is not str or not _is_clean(text):
        raise wrong(name, "a text", text)
    return text


def _secret(value: dict[str, Any], name: str) -> str:
    text: str | None = value.get(name)
    if text is None:
        return ""
    if type(text) is not str or not text.isascii() or len(text) > MAX_SECRET:
        raise WireError(f"expected {name} to be at most {MAX_SECRET} plain characters")
    return text


def _flag(value: dict[str, Any], name: str) -> bool:
    flag = value.get(name)
    if type(flag) is not bool:
        raise wrong(name, "a boolean", flag)
    return flag


def _whole(value: dict[str, Any], name: str) -> int:
    number = value.get(name)
    if type(number) is not int or not 0 <= number <= _LAST:
        raise wrong(name, "a whole number below 2**32", number)
    return number


def _number(value: dict[str, Any], name: str) -> float:
    number: object = value.get(name)
    if not isinstance(number, int | float) or isinstance(number, bool):
        raise wrong(name, "a number of milliseconds", number)
    if 0 <= number <= 1e9:  # which NaN is not
        return float(number)
    raise wrong(name, "a number of milliseconds", number)


def _is_clean(text: str) -> bool:
    return text.isascii() or not any("\ud800" <= each <= "\udfff" for each in text)

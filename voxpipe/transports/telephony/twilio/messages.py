"""Twilio's messages, without a socket: text to events, and orders to text.

Source: https://www.twilio.com/docs/voice/media-streams/websocket-messages

What comes in is checked here, by hand, and nowhere else. A message that breaks the
protocol raises `WireError`, which never repeats what was in it. Fields that nobody
needs are not looked at, and kinds of events that nobody knows are no error: carriers
add both.

A caller's audio comes fifty times a second, so its way is short: 3 us for 20 ms, which
is what `json.loads` alone takes. (That looks for white space around the message; here
only the parser behind it is used. A regular expression of the exact message would save
a fifth of the way from text to frame, and break with the first change of Twilio's.)
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from voxpipe.pipeline import TransportError

MAX_MESSAGE = 65_536  # characters of a message; Twilio's own are below 2,000
MAX_PARAMETERS = 64
MAX_PARAMETER = 4_096  # characters of a name, or of a value; Twilio allows 500
KEYS = frozenset("0123456789*#ABCD")


class WireError(TransportError):
    """A message that is not Twilio's; says what was expected and what came."""


@dataclass(frozen=True, slots=True)
class Connected:
    """The first message: here is Twilio."""


@dataclass(frozen=True, slots=True)
class Started:
    """The second one: what is being streamed.

    Attributes:
        stream_sid: the stream; only letters, digits and ``_ . : -``.
        call_sid: the call; likewise.
        encoding: ``audio/x-mulaw``, and nothing else so far.
        rate: samples per second.
        channels: how many.
        parameters: the ``<Parameter>`` elements of the webhook's answer.
    """

    stream_sid: str
    call_sid: str
    encoding: str
    rate: int
    channels: int
    parameters: Mapping[str, str] = field(repr=False)


class Media(NamedTuple):
    """Audio; a tuple, because it takes a third of the time that a dataclass does.

    Attributes:
        stream_sid: as it came; not checked.
        track: ``inbound`` is the caller; likewise.
        payload: base64, not checked: `AudioFrame.from_base64` does.
        timestamp: milliseconds from the start of the stream; ``None`` if there is no
            such number.
    """

    stream_sid: Any
    track: Any
    payload: str
    timestamp: int | None

    def __repr__(self) -> str:
        return f"Media({len(self.payload)} characters)"


@dataclass(frozen=True, slots=True)
class Digit:
    """The caller has pressed a key: one of ``0-9*#A-D``."""

    stream_sid: str
    digit: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Marked:
    """What was sent before this mark was played, or cleared."""

    stream_sid: str
    name: str


@dataclass(frozen=True, slots=True)
class Stopped:
    """The call is over."""

    stream_sid: str


Event = Connected | Started | Media | Digit | Marked | Stopped


def parse(message: str | bytes) -> Event | None:
    """One message of Twilio's; ``None`` for a kind of event that is not known here.

    Raises:
        WireError: it is too long, no JSON object, or lacks something that its kind has.
    """
    if type(message) is str and len(message) <= MAX_MESSAGE:
        usual = _USUAL_MEDIA(message)
        if usual is not None:
            first, track, at, payload, last = usual.groups()
            return Media(last or first, track, payload, int(at))
    value = _object(message)
    kind = value.get("event")
    if type(kind) is not str:
        raise _wrong("event", "a text", kind)
    parser = _PARSERS.get(kind)
    return None if parser is None else parser(value)


# --- what we say; nothing here needs escaping: `Started.stream_sid` was checked, and a
# frame's base64 as well


def media(stream_sid: str, payload: str) -> str:
    """Play this audio after what was sent before."""
    return (
        f'{{"event":"media","streamSid":"{stream_sid}",'
        f'"media":{{"payload":"{payload}"}}}}'
    )


def mark(stream_sid: str, name: str) -> str:
    """Tell when all that was sent before has been played; ``name`` must be plain."""
    return f'{{"event":"mark","streamSid":"{stream_sid}","mark":{{"name":"{name}"}}}}'


def clear(stream_sid: str) -> str:
    """Forget what was sent and not yet played; its marks come back at once."""
    return f'{{"event":"clear","streamSid":"{stream_sid}"}}'


# --- what Twilio says

_parse_json = json.JSONDecoder().raw_decode
SID = re.compile(r"[A-Za-z0-9_.:-]{1,128}")
# Nearly every message: 50 a second and call, as Twilio writes them (stream before or
# after the audio). A match takes half the time of the parser, which reads all others.
_USUAL_MEDIA = re.compile(
    r'\{"event":"media","sequenceNumber":"\d{1,12}",(?:"streamSid":"([\w.:-]{1,128})",)?'
    r'"media":\{"track":"([a-z]+)","chunk":"\d{1,12}","timestamp":"(\d{1,12})",'
    r'"payload":"([A-Za-z0-9+/=]*)"\}(?:,"streamSid":"([\w.:-]{1,128})")?\}',
    re.ASCII,
).fullmatch


def _object(message: str | bytes) -> dict[str, Any]:
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


def _media(value: dict[str, Any]) -> Media:
    body: dict[str, Any] | None = value.get("media")
    if type(body) is not dict:
        raise _wrong("media", "an object", body)
    payload: str | None = body.get("payload")
    if type(payload) is not str:
        raise _wrong("media.payload", "base64", payload)
    at: str | None = body.get("timestamp")
    timestamp = int(at) if type(at) is str and len(at) < 13 and at.isdecimal() else None
    return Media(value.get("streamSid"), body.get("track"), payload, timestamp)


def _started(value: dict[str, Any]) -> Started:
    body = _part(value, "start")
    audio = _part(body, "mediaFormat", "start.")
    stream_sid = _sid(body, "streamSid")
    if value.get("streamSid", stream_sid) != stream_sid:
        raise WireError("expected streamSid and start.streamSid to be the same")
    return Started(
        stream_sid=stream_sid,
        call_sid=_sid(body, "callSid"),
        encoding=_text(audio, "encoding", "start.mediaFormat."),
        rate=_number(audio, "sampleRate"),
        channels=_number(audio, "channels"),
        parameters=_parameters(body.get("customParameters")),
    )


def _digit(value: dict[str, Any]) -> Digit:
    digit = _text(_part(value, "dtmf"), "digit", "dtmf.")
    if digit not in KEYS:
        raise _wrong("dtmf.digit", "one of 0-9*#A-D", digit)
    return Digit(_text(value, "streamSid"), digit)


def _marked(value: dict[str, Any]) -> Marked:
    name = _text(_part(value, "mark"), "name", "mark.")
    return Marked(_text(value, "streamSid"), name)


_PARSERS: dict[str, Callable[[dict[str, Any]], Event]] = {
    "connected": lambda _: Connected(),
    "start": _started,
    "media": _media,
    "dtmf": _digit,
    "mark": _marked,
    "stop": lambda value: Stopped(_text(value, "streamSid")),
}


def _part(value: dict[str, Any], name: str, where: str = "") -> dict[str, Any]:
    part: dict[str, Any] | None = value.get(name)
    if type(part) is not dict:
        raise _wrong(where + name, "an object", part)
    return part


def _text(value: dict[str, Any], name: str, where: str = "") -> str:
    text = value.get(name)
    if type(text) is not str or not _is_clean(text):
        raise _wrong(where + name, "a text", text)
    return text


def _number(value: dict[str, Any], name: str) -> int:
    number = value.get(name)
    if type(number) is not int or not 0 < number < 1_000_000:
        raise _wrong(
            f"start.mediaFormat.{name}", "a whole number below a million", number
        )
    return number


def _sid(body: dict[str, Any], name: str) -> str:
    sid = _text(body, name, "start.")
    if SID.fullmatch(sid) is None:
        raise _wrong(f"start.{name}", "letters and digits", sid)
    return sid


def _parameters(parameters: dict[str, str] | None) -> Mapping[str, str]:
    if parameters is None:
        return {}
    where = "start.customParameters"
    if type(parameters) is not dict:
        raise _wrong(where, "an object", parameters)
    if len(parameters) > MAX_PARAMETERS:
        raise WireError(
            f"expected at most {MAX_PARAMETERS} {where}, got {len(parameters)}"
        )
    for name, text in parameters.items():
        if type(text) is not str or not _is_clean(name) or not _is_clean(text):
            raise _wrong(where, "texts", text)
        if max(len(name), len(text)) > MAX_PARAMETER:
            raise WireError(
                f"expected {where} of at most {MAX_PARAMETER} characters each"
            )
    return parameters


def _is_clean(text: str) -> bool:
    """It has no half of a surrogate pair, which JSON can hold and UTF-8 cannot."""
    return text.isascii() or not any("\ud800" <= each <= "\udfff" for each in text)


def _wrong(name: str, wanted: str, got: Any) -> WireError:
    what = f"{len(got)} characters" if type(got) is str else _KINDS[type(got)]
    return WireError(f"expected {name} to be {wanted}, got {what}")


_KINDS: dict[type, str] = {
    type(None): "none",
    bool: "a boolean",
    int: "a number",
    float: "a number",
    list: "a list",
    dict: "an object",
}

"""What is taken out of a session before it is written down, and put back to play it.

Keys go always. SoundKind and pictures go unless they are asked for: sound leaves its
length, a picture its digest, so that another one is noticed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any, Literal

from voxpipe.simulator.protocol.json_types import is_array, is_object

Keep = Literal["words", "all"]

REMOVED = "(removed)"
APPENDS = {"input_audio_buffer.append", "session.input_audio_buffer.append"}
LENGTH = "audio_bytes"  # the one field of what stands for sound
_MAX_DEPTH = 64  # levels of JSON; the protocol has less than ten
_AUDIO_DELTAS = {"response.output_audio.delta", "session.output_audio.delta"}
_SECRET_FIELDS = {
    "access_token", "api_key", "authorization", "client_secret", "password", "secret"
}  # fmt: skip
_SECRET = re.compile(r"\b(?:sk|ek|whsec|Bearer)[-_ ][A-Za-z0-9_.+/=-]{6,}")
_PICTURE = re.compile(r"data:(image/[\w.+-]+);base64,")


def kind_of(event: Mapping[str, Any]) -> str:
    """The type of an event; empty when it has none."""
    kind = event.get("type")
    return kind if isinstance(kind, str) else ""


def clean(event: dict[str, Any], keep: Keep) -> dict[str, Any]:
    """``event`` as a cassette may hold it."""
    cleaned: dict[str, Any] = _cleaned(event, keep, 0)
    if keep == "words" and kind_of(event) in _AUDIO_DELTAS:
        cleaned["delta"] = _length(event.get("delta"))
    return cleaned


def clean_text(text: str) -> str:
    """A message that is no event."""
    return _SECRET.sub(REMOVED, text)


def fill(value: Any, sound: Callable[[int], str]) -> Any:
    """``value`` with sound where its length stands.

    Args:
        value: of a cleaned event.
        sound: so many bytes of it, in base64.
    """
    if is_object(value):
        if value.keys() == {LENGTH} and isinstance(value[LENGTH], int):
            return sound(value[LENGTH])
        return {name: fill(each, sound) for name, each in value.items()}
    if is_array(value):
        return [fill(each, sound) for each in value]
    return value


def bytes_in(base64: object) -> int:
    """How many bytes a text in base64 stands for."""
    if not isinstance(base64, str):
        return 0
    return len(base64) * 3 // 4 - base64[-2:].count("=")


def _cleaned(value: Any, keep: Keep, depth: int) -> Any:
    if depth > _MAX_DEPTH:
        return REMOVED
    if is_object(value):
        return {
            name: _field(name, each, keep, depth + 1) for name, each in value.items()
        }
    if is_array(value):
        return [_cleaned(each, keep, depth + 1) for each in value]
    return _text(value, keep) if isinstance(value, str) else value


def _field(name: str, value: Any, keep: Keep, depth: int) -> Any:
    if name.lower().replace("-", "_") in _SECRET_FIELDS and value is not None:
        return REMOVED
    if name == "headers" and is_object(value):  # of MCP servers
        return dict.fromkeys(value, REMOVED)
    if name == "audio" and isinstance(value, str) and keep == "words":
        return _length(value)
    return _cleaned(value, keep, depth)


def _text(value: str, keep: Keep) -> str:
    picture = _PICTURE.match(value)
    if picture is not None:
        if keep == "all":
            return value
        digest = sha256(value.encode()).hexdigest()[:16]
        return f"data:{picture[1]};sha256,{digest}"
    return _SECRET.sub(REMOVED, value)


def _length(base64: object) -> dict[str, int]:
    return {LENGTH: bytes_in(base64)}

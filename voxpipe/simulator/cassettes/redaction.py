"""What is taken out of a session before it is written down, and put back to play it.

Keys go always: by the names of their fields, by how they begin, and whatever a URL may
hide (its user, its query, and in a hosted server's all of its path that is no plain
word). Sound and pictures go unless they are asked for: sound leaves its
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
_MAX_PASSES = 8  # over a text; nearly all are done after the first
_AUDIO_DELTAS = {"response.output_audio.delta", "session.output_audio.delta"}
_SECRET_FIELD = re.compile(
    r"(?:.*_)?(?:authorization|secret|password|passwd|cookie|signature|credentials?"
    r"|api_?key|access_?key|private_?key|(?:access_|auth_|bearer_|id_|refresh_)?token)"
)
_SECRET = re.compile(
    r"(?<![A-Za-z])(?:sk|ek|whsec|[Bb]earer|[Bb]asic|gh[opsu]|xox[abp])[-_ ]"
    r"[\w.+/=-]{6,}"
    r"|(?:sk|ek|whsec)[-_](?=[\w.+/=-]*[0-9])[\w.+/=-]{16,}"  # within a word, too
    r"|eyJ[\w-]{8,}\.[\w-]+\.[\w-]*"  # a JSON Web Token
)
_URL = re.compile(
    r"(?P<scheme>\b[a-z][a-z0-9+.-]*://)(?:[^\s/?#\"'<>]*@)?(?P<rest>[^\s?#\"'<>]*)"
    r"(?:\?(?P<query>[^\s#\"'<>]*))?(?:#[^\s\"'<>]*)?",
    re.IGNORECASE,
)
_HOST = re.compile(r"[\w.:\[\]-]*")
_NAME = re.compile(r"[\w.-]{1,40}")
_PLAIN = re.compile(r"[a-z]{1,20}|v[0-9]{1,3}|")  # parts of a path that are no key
_URL_FIELDS = {"server_url", "webhook_url"}
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
    for _ in range(_MAX_PASSES):  # what is taken out may leave a URL that was hidden
        before, text = text, _SECRET.sub(REMOVED, _URL.sub(_url, text))
        if text == before:
            break
    return text


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
    snake = name.lower().replace("-", "_")
    is_schema = is_object(value) and "type" in value  # of a tool's parameter
    if _SECRET_FIELD.fullmatch(snake) and value is not None and not is_schema:
        return REMOVED
    if name == "headers" and value is not None:  # of MCP servers
        return dict.fromkeys(value, REMOVED) if is_object(value) else REMOVED
    if snake in _URL_FIELDS and isinstance(value, str):
        return _place(value)
    if name == "audio" and isinstance(value, str) and keep == "words":
        return _length(value)
    return _cleaned(value, keep, depth)


def _text(value: str, keep: Keep) -> str:
    picture = _PICTURE.match(value)
    if picture is not None and keep == "words":
        digest = sha256(value.encode()).hexdigest()[:16]
        value = f"data:{picture[1]};sha256,{digest}"
    return clean_text(value)


def _url(found: re.Match[str]) -> str:
    return f"{found['scheme']}{found['rest']}{_asked(found['query'])}"


def _place(url: str) -> str:
    """Where a server is, without what might let anybody in."""
    scheme, mark, rest = url.partition("://")
    place, _, query = rest.partition("#")[0].partition("?")
    host, *path = place.split("/")
    host = host.rpartition("@")[2]
    if not mark or not _NAME.fullmatch(scheme) or not _HOST.fullmatch(host):
        return REMOVED
    plain = [each if _PLAIN.fullmatch(each) else REMOVED for each in path]
    place = f"{scheme}://{'/'.join([host, *plain])}{_asked(query)}"
    return place if clean_text(place) == place else REMOVED  # a name that is a key


def _asked(query: str | None) -> str:
    """The names in a URL's query."""
    if not query:
        return ""
    parts = (part.partition("=") for part in query.split("&"))
    return "?" + "&".join(
        f"{name}={REMOVED}" if equals and _NAME.fullmatch(name) else REMOVED
        for name, equals, _ in parts
    )


def _length(base64: object) -> dict[str, int]:
    return {LENGTH: bytes_in(base64)}

"""A cassette's file: JSON lines, the first of which says which version it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

from voxpipe.pipeline.errors import VoxpipeError
from voxpipe.simulator.protocol.json_types import is_object, object_in

from .redaction import APPENDS, bytes_in, kind_of

VERSION = 1
MAX_SIZE = 64 * 1024 * 1024  # bytes; an hour without sound has a tenth of it
_AGAIN = "record it again"


class CassetteError(VoxpipeError):
    """A cassette that cannot be read; the message names file, line and cure."""


class CassetteMismatch(CassetteError):
    """The client did something else than when the cassette was recorded."""


@dataclass(frozen=True, slots=True)
class CassetteEntry:
    """One line: what came or went, and when.

    Attributes:
        line: its number in the file.
        at: seconds since the session was opened.
        sender: who sent it.
        event: an event without keys, and without sound unless that was kept.
        text: a message that was no event.
        audio_bytes: sound of the caller, many pieces in one line.
        close: code and reason, when the sender ended the session.
    """

    line: int
    at: float
    sender: Literal["client", "server"]
    event: Mapping[str, Any] | None = None
    text: str | None = None
    audio_bytes: int = 0
    close: tuple[int, str] | None = None


@dataclass(frozen=True, slots=True)
class Cassette:
    """A recorded session.

    Attributes:
        name: of the file, for messages.
        entries: in order.
    """

    name: str
    entries: tuple[CassetteEntry, ...]


def load_cassette(path: str | Path) -> Cassette:
    """Read a cassette.

    Raises:
        CassetteError: the file cannot be read, or is not a cassette.
    """
    path = Path(path)
    try:
        if path.stat().st_size > MAX_SIZE:
            raise CassetteError(f"{path}: expected at most {MAX_SIZE} bytes, got more")
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise CassetteError(f"cannot read the cassette {path}: {error}") from error
    return parse_cassette(lines, name=str(path))


def parse_cassette(lines: Iterable[str], *, name: str = "cassette") -> Cassette:
    """A cassette from its lines; ``name`` stands for the file in messages.

    Raises:
        CassetteError: as `load_cassette`.
    """
    entries: list[CassetteEntry] = []
    version: object = None
    number = 0
    for number, text in enumerate(lines, 1):
        where = f"{name}, line {number}"
        line = _object(text, where)
        if number > 1:
            entries.append(_entry(line, number, where))
            continue
        version = line.get("voxpipe_cassette")
        if version != VERSION:
            raise CassetteError(
                f'{where}: expected {{"voxpipe_cassette": {VERSION}, …}}, got version '
                f"{version!r}: {_AGAIN}, or use another voxpipe"
            )
    if version is None:
        raise CassetteError(f"{name}: this file is empty: {_AGAIN}")
    if entries and any(a.at > b.at for a, b in pairwise(entries)):
        raise CassetteError(f"{name}: its lines are not in order of time: {_AGAIN}")
    return Cassette(name, tuple(entries))


def _object(text: str, where: str) -> dict[str, Any]:
    line = object_in(text)
    if line is None:
        raise CassetteError(f"{where}: expected a JSON object, got something else")
    return line


def _entry(line: dict[str, Any], number: int, where: str) -> CassetteEntry:
    at, sender = line.get("at"), line.get("from")
    if not isinstance(at, int | float) or isinstance(at, bool) or not 0 <= at < 1e9:
        raise CassetteError(f"{where}: expected at, in seconds, got {at!r}")
    if sender not in ("client", "server"):
        raise CassetteError(f"{where}: expected from client or server, got {sender!r}")
    entry = _content(line)
    if entry is None:
        raise CassetteError(
            f"{where}: expected event, text, audio_bytes or close beside at and from"
        )
    return CassetteEntry(number, float(at), sender, **entry)


def _content(line: dict[str, Any]) -> dict[str, Any] | None:
    event = line.get("event")
    if is_object(event):
        if kind_of(event) in APPENDS:  # sound that was kept
            return {"audio_bytes": bytes_in(event.get("audio"))}
        return {"event": event}
    match line:
        case {"text": str() as text}:
            return {"text": text}
        case {"audio_bytes": int() as count} if count >= 0:
            return {"audio_bytes": count}
        case {"close": {"code": int() as code, "reason": str() as reason}}:
            return {"close": (code, reason)}
        case _:
            return None

"""What was seen of sessions, for whoever looks: bounded, and cheap while nobody does.

Writing is one append to a deque. All else (reading the JSON, taking keys out, prices)
is done for who looks, in the window's own thread, once for each record.
"""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import count
from threading import Lock
from typing import Any

from voxpipe.processors.realtime.events.usage import TokenUsage, TranscriptionUsage
from voxpipe.processors.realtime.money.prices import cost_usd, speech_usd
from voxpipe.simulator.cassettes.redaction import clean, clean_text, kind_of
from voxpipe.simulator.protocol.json_types import is_object, object_in

from .judge import Sender

_BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}")  # a key has a hyphen in it
MAX_RECORDS = 20_000  # ten minutes of a call with audio both ways
MAX_BYTES = 64 * 1024 * 1024  # of their messages


class Watched:
    """One session.

    Args:
        title: how people know it.
        model: whose price it has; the session itself says it as well.
        host: that is talked to; regional ones cost more.

    Attributes:
        number: counts them.
    """

    _numbers = count(1)

    def __init__(self, title: str, *, model: str = "", host: str = "") -> None:
        self.number = next(self._numbers)
        self.title = clean_text(title)
        self.model = model
        self.host = host
        self.transcriber = ""

    def price(self, event: dict[str, Any]) -> float | None:
        """What an event of the service says that was spent; ``None`` for nothing."""
        kind = kind_of(event)
        if kind in ("session.created", "session.updated"):
            self._note(event.get("session"))
        try:
            if kind == "response.done":
                used = TokenUsage.model_validate(event["response"]["usage"])
                return cost_usd(self.model, used.by_class(), self.host)
            if kind.endswith("input_audio_transcription.completed"):
                said = TranscriptionUsage.model_validate(event["usage"])
                tokens, seconds = said.by_class(), said.seconds or 0.0
                return speech_usd(self.transcriber, tokens, seconds, self.host)
        except (KeyError, TypeError, ValueError):
            pass  # there is no bill in it
        return None

    def _note(self, session: Any) -> None:
        if not is_object(session):
            return
        model = session.get("model")
        if isinstance(model, str) and model:
            self.model = model
        try:
            self.transcriber = str(session["audio"]["input"]["transcription"]["model"])
        except (KeyError, TypeError):
            self.transcriber = ""


def _cleaned(event: dict[str, Any]) -> dict[str, Any]:
    """Without keys; sound, which is nine tenths of it, is not searched for any."""
    name = "delta" if kind_of(event).endswith("output_audio.delta") else "audio"
    sound = event.get(name)
    if not (isinstance(sound, str) and _BASE64.fullmatch(sound)):
        return clean(event, "all")
    return clean({**event, name: ""}, "all") | {name: sound}


@dataclass(slots=True)
class Record:
    """One message, or the end of a session.

    Attributes:
        number: counts all of them.
        session: whose it is.
        at: seconds, on any clock that the session keeps to.
        sender: whose it was.
        message: as it went over the wire; ``None`` at the end.
        close: code and reason, at the end.
        wrong: what is wrong with it, as far as somebody judged.
        audio_bytes: of sound that was not kept.
    """

    number: int
    session: Watched
    at: float
    sender: Sender
    message: str | bytes | None = field(repr=False)
    close: tuple[int, str] | None = None
    wrong: tuple[str, ...] = ()
    audio_bytes: int = 0
    _shown: str = field(default="", repr=False)

    @property
    def size(self) -> int:
        """Characters, or bytes."""
        return len(self.message or "") + 200

    def shown(self) -> str:
        """As the page reads it, in JSON: without keys, with sound."""
        if not self._shown:
            # What people can say in JSON is more than UTF-8 can: half a character.
            self._shown = json.dumps(self._content(), separators=(",", ":"))
        return self._shown

    def _content(self) -> dict[str, Any]:
        told: dict[str, Any] = {
            "kind": "event",
            "n": self.number,
            "session": self.session.number,
            "title": self.session.title,
            "at": round(self.at, 4),
            "from": self.sender,
            "wrong": self.wrong,
        }
        if self.close is not None:
            code, reason = self.close
            return told | {"close": {"code": code, "reason": clean_text(reason)}}
        if self.audio_bytes:
            return told | {"audio_bytes": self.audio_bytes}
        if isinstance(self.message, bytes):
            return told | {"binary": len(self.message)}
        text = self.message or ""
        event = object_in(text)
        if event is None:
            return told | {"text": clean_text(text)}
        told["event"] = _cleaned(event)
        if self.sender == "server":
            told["usd"] = self.session.price(event)
        return told


class Board:
    """The newest records of all sessions, and what else a page is told first.

    Attributes:
        title: of the page.
        looking: how many look at it now.
        facts: messages that every page is told when it begins, such as a graph.
    """

    def __init__(self, title: str) -> None:
        self.title = title
        self.looking = 0
        self.facts: dict[str, dict[str, Any]] = {}
        self._records = deque[Record](maxlen=MAX_RECORDS)
        self._size = 0
        self._numbers = count(1)
        self._lock = Lock()  # sessions may run in one thread, and pages in another

    def note(
        self,
        session: Watched,
        at: float,
        sender: Sender,
        message: str | bytes | None,
        *,
        close: tuple[int, str] | None = None,
        wrong: Iterable[str] = (),
        audio_bytes: int = 0,
    ) -> None:
        """Put up one more; old ones go when there are too many."""
        with self._lock:
            record = Record(
                next(self._numbers),
                session,
                at,
                sender,
                message,
                close,
                tuple(wrong),
                audio_bytes,
            )
            if len(self._records) == MAX_RECORDS:
                self._size -= self._records[0].size
            self._records.append(record)
            self._size += record.size
            while self._size > MAX_BYTES and len(self._records) > 1:
                self._size -= self._records.popleft().size

    def since(self, number: int, most: int) -> list[Record]:
        """Up to ``most`` records behind that one, the oldest first."""
        with self._lock:
            return list(_behind(self._records, number, most))


def _behind(records: deque[Record], number: int, most: int) -> Iterator[Record]:
    if not records:
        return
    first = max(0, number + 1 - records[0].number)  # they are numbered without gaps
    for index in range(first, min(len(records), first + most)):
        yield records[index]

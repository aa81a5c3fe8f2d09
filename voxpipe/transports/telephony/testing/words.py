"""How a carrier puts it: what it says in one stream, and how it takes what it is told.

A class for each carrier, without a socket and a clock; `Leg` is the same for all.
"""

from __future__ import annotations

import binascii
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, cast

from voxpipe.pipeline import AudioFormat
from voxpipe.transports.telephony.carrier import CarrierCall

from .measurements import ViolationKind

Message = str | bytes
"""As a WebSocket has them: text, or binary."""


@dataclass(frozen=True, slots=True)
class Play:
    """Play this after what waits."""

    audio: bytes


@dataclass(frozen=True, slots=True)
class Mark:
    """Tell when what came before was played."""

    name: str


@dataclass(frozen=True, slots=True)
class Clear:
    """Forget what waits."""


@dataclass(frozen=True, slots=True)
class Part:
    """Close the stream: the agent has hung up, and the carrier has the last word."""


Order = Play | Mark | Clear | Part | None
"""What the agent's side wants; ``None`` of what needs nothing to be done."""


class Broken(Exception):
    """A message that the carrier would not take.

    Attributes:
        kind: what was wrong.
        detail: what was expected and what came; never what people said.
    """

    def __init__(self, kind: ViolationKind, detail: str) -> None:
        super().__init__(detail)
        self.kind: ViolationKind = kind
        self.detail = detail


class Words:
    """What one carrier says in one stream, numbered as it numbers them.

    Attributes:
        call: what takes the other end of its streams.
        marks_cleared: marks that wait come back when they are cleared; or never.
        format: of the audio, both ways.
        call_id: its name for the call.
        caller: who calls, where the stream says it.
        called: the number that they call, likewise.
    """

    call: ClassVar[type[CarrierCall]]
    marks_cleared: ClassVar[bool] = True

    format: AudioFormat
    call_id: str
    caller: str = ""
    called: str = ""

    def opening(self, parameters: Mapping[str, str]) -> Sequence[Message]:
        """The first messages: what the stream is."""
        raise NotImplementedError

    def media(self, payload: str, chunk: int) -> Message:
        """20 ms of the caller, in base64; the first chunk of the stream is 1."""
        raise NotImplementedError

    def dtmf(self, key: str) -> Message:
        """A key was pressed."""
        raise NotImplementedError

    def mark(self, name: str) -> Message:
        """What came before this mark was played, or cleared."""
        raise NotImplementedError

    def plays(self, is_playing: bool) -> Sequence[Message]:
        """What it says of its loudspeaker; asked with every frame."""
        return ()

    def cleared(self) -> Sequence[Message]:
        """What it says when it was told to clear."""
        return ()

    def counted(self, message: Message, now: float) -> Sequence[Message]:
        """What it says instead of taking a message, where that is one too many."""
        return ()

    def stop(self) -> Sequence[Message]:
        """The call is over."""
        raise NotImplementedError

    def read(self, message: Message) -> Order:
        """What the agent's side has said.

        Raises:
            Broken: what the carrier would not take.
        """
        raise NotImplementedError


def object_in(message: Message) -> dict[str, Any]:
    """The JSON object that a message has to be.

    Raises:
        Broken: it is none.
    """
    if isinstance(message, bytes):
        raise Broken("binary message", f"{len(message)} bytes, not text")
    try:
        order: Any = json.loads(message)
    except (ValueError, RecursionError):
        raise Broken("no JSON", f"{len(message)} characters") from None
    if not isinstance(order, dict):
        raise Broken("no JSON", "it is not an object")
    return cast("dict[str, Any]", order)


def event_in(order: dict[str, Any], *known: str) -> str:
    """Which of the ``known`` kinds of message this is.

    Raises:
        Broken: none of them.
    """
    event = order.get("event")
    if event not in known:
        got = f"{event[:40]!r}" if isinstance(event, str) else type(event).__name__
        first, last = ", ".join(known[:-1]), known[-1]
        raise Broken("unknown event", f"expected {first} or {last}, got {got}")
    return str(event)


def audio_in(order: dict[str, Any]) -> Play:
    """The audio of ``media.payload``.

    Raises:
        Broken: there is none, or no base64.
    """
    payload = text_in(part_in(order, "media"), "payload")
    if not payload:
        raise Broken("bad payload", "there is none")
    try:
        return Play(binascii.a2b_base64(payload, strict_mode=True))
    except ValueError:  # not ASCII, or no base64
        raise Broken("bad payload", f"{len(payload)} characters, no base64") from None


def mark_in(part: dict[str, Any]) -> Mark:
    """The mark that is named there.

    Raises:
        Broken: it has no name.
    """
    name = text_in(part, "name")
    if not name:
        raise Broken("bad mark", "it has no name")
    return Mark(name)


def part_in(order: dict[str, Any], name: str) -> dict[str, Any]:
    """The object in a field; an empty one if it is none."""
    part: Any = order.get(name)
    return cast("dict[str, Any]", part) if isinstance(part, dict) else {}


def text_in(order: dict[str, Any], name: str) -> str:
    """The text in a field; empty if it is none."""
    text = order.get(name)
    return text if isinstance(text, str) else ""

"""Genesys AudioHook 2, without a socket: sound is binary, numbered messages are text.

Source: https://developer.genesys.cloud/devapps/audiohook/protocol-reference, and the
types in GenesysCloudBlueprints/audioconnector-server-reference-implementation (GitHub)
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from voxpipe.pipeline import AudioFormat, AudioFrame
from voxpipe.transports.telephony.carrier import fields
from voxpipe.transports.telephony.carrier.codec import Codec, Message
from voxpipe.transports.telephony.carrier.events import (
    Audio,
    Complaint,
    Digit,
    Event,
    Paused,
    Played,
    Resumed,
    Sounding,
    Started,
    Stopped,
    Unknown,
    Wanted,
    WireError,
)
from voxpipe.transports.telephony.carrier.shape import Shape

from .media import choose, complaint_of, milliseconds_of
from .session import Session

NOBODY = "00000000-0000-0000-0000-000000000000"
"""The conversation of a connection probe: it is opened and closed, and is no call."""

PER_SECOND = 5.0  # messages; beyond the burst, error 429
BURST = 25
MOST = 60_000  # bytes in a message, of the 64,000 that it takes
DRIFT = 50  # milliseconds; as much as is no gap


class GenesysCodec(Codec):
    """The messages of one session of Genesys's.

    It has no marks: it tells when it begins to play, and when it has played all.
    """

    carrier = "Genesys"
    has_marks = False
    cure = "does an Audio Connector of AudioHook 2 call here?"

    def __init__(self) -> None:
        self.session = Session()
        self.organization = ""  # until it has been opened
        self._format: AudioFormat | None = None
        self._at = 0  # ms of the caller's audio so far

    def parse(self, message: str | bytes, /) -> Audio | Event | None:
        """As `Codec.parse`."""
        if type(message) is bytes:
            return self._hear(message, self._format)
        value = fields.parse_object(message)
        kind = fields.text_of(value, "type")
        number = self.session.check(value)
        position = milliseconds_of(value, "position")
        if not self.organization and kind != "open":
            raise WireError("expected open before all else")
        event = self._event(value, kind, fields.part_of(value, "parameters"))
        missing = self.session.take(number)
        if position > self._at + DRIFT:
            self._at = position  # the call tells what is missing
        if missing:
            return Complaint(f"expected every message, {missing} are missing", event)
        return event

    def shape(self, format: AudioFormat) -> Shape:
        """As `Codec.shape`."""
        sample, gather = format.sample_bytes, format.bytes_in(1 / PER_SECOND)
        return Shape(sample, sample, MOST, gather, PER_SECOND, BURST)

    def audio(self, frame: AudioFrame, mark: str | None) -> Sequence[Message]:
        """As `Codec.audio`."""
        return (frame.data,)

    def clear(self) -> Sequence[str]:
        """As `Codec.clear`."""
        barge_in: dict[str, Any] = {"type": "barge_in", "data": {}}
        return (self.session.write("event", entities=[barge_in]),)

    def goodbye(self) -> Sequence[str]:
        """As `Codec.goodbye`; Genesys closes then."""
        return (self.session.write("disconnect", reason="completed"),)

    def pause(self) -> Sequence[str]:
        """Have the caller not streamed, until `resume`."""
        return (self.session.write("pause"),)

    def resume(self) -> Sequence[str]:
        """Have them streamed again."""
        return (self.session.write("resume"),)

    def _hear(self, message: bytes, format: AudioFormat | None) -> Audio:
        audio, at = fields.binary_of(message, format, "open"), self._at
        if format is not None:
            self._at += len(audio) * 1000 // format.bytes_per_second
        return audio, at

    def _event(self, value: dict[str, Any], kind: str, body: dict[str, Any]) -> Event:
        match kind:
            case "open":
                return self._open(value, body)
            case "ping" | "update":
                answer = "pong" if kind == "ping" else "updated"
                return Wanted(partial(self.session.write, answer))
            case "paused":
                return Paused()
            case "resumed" | "discarded":
                start = milliseconds_of(body, "start")
                self._at = start + milliseconds_of(body, "discarded")
                return Resumed() if kind == "resumed" else Unknown()
            case "dtmf":
                return Digit(fields.key_of(body, "digit", "parameters."))
            case "playback_started":
                return Sounding()
            case "playback_completed":
                return Played()
            case "error":
                return complaint_of(body)
            case "close":
                return Wanted(partial(self.session.write, "closed"), Stopped())
            case _:
                return Unknown()

    def _open(self, value: dict[str, Any], body: dict[str, Any]) -> Event:
        if self.organization:
            raise WireError("expected what happens in a call, got the start of another")
        where = "parameters."
        conversation = fields.name_of(body, "conversationId", where)
        organization = fields.name_of(body, "organizationId", where)
        session = fields.name_of(value, "id")
        started = None
        media: list[Any] = []
        if conversation != NOBODY:
            person = fields.part_of(body, "participant", where)
            self._format, chosen = choose(body)
            media = [chosen]
            started = Started(
                call_id=conversation,
                format=self._format,
                caller=fields.text_of(person, "ani", where).removeprefix("tel:"),
                called=fields.text_of(person, "dnis", where).removeprefix("tel:"),
                parameters=fields.parameters_of(body, "inputVariables", where),
            )
        self.session.id, self.organization = session, organization
        return Wanted(partial(self.session.write, "opened", media=media), started)

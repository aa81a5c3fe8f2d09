"""What is wrong with a message of the Realtime protocol, in words.

What clients send is held against the shapes by which the simulator refuses, what the
service sends is read as our own client reads it. A message is looked at by itself:
whether it comes at the right time, the service says, in ``error`` events.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from difflib import get_close_matches
from typing import Any, Literal

from voxpipe.processors.realtime.events import SERVER_EVENTS as SERVER_MODELS
from voxpipe.processors.realtime.events.parse import BadEvent, parse
from voxpipe.simulator.audio.sound import decode_audio, wire_format
from voxpipe.simulator.cassettes.redaction import clean_text
from voxpipe.simulator.errors import Refusal, invalid_value
from voxpipe.simulator.protocol.client_events import SHAPES, TRANSLATION_SHAPES
from voxpipe.simulator.protocol.event_names import ALL_EVENTS, SERVER_EVENTS
from voxpipe.simulator.protocol.json_types import is_object, object_in
from voxpipe.simulator.protocol.schema import Shape, fields, nullable, text
from voxpipe.simulator.protocol.session_schema import REALTIME, TRANSCRIPTION
from voxpipe.simulator.service.conversation.items import ITEM
from voxpipe.simulator.service.responses.request import RESPONSE

Sender = Literal["client", "server"]

_ANY_RATE = wire_format({"type": "audio/pcmu"})  # whole bytes: its rate is not known
_WIRE = "the protocol has text messages only, this one is binary ({} bytes)"
# Where the fields of the beta API are now; clients of that time still send them.
_MOVED = {
    "session.modalities": "session.output_modalities",
    "session.voice": "session.audio.output.voice",
    "session.speed": "session.audio.output.speed",
    "session.input_audio_format": "session.audio.input.format",
    "session.output_audio_format": "session.audio.output.format",
    "session.turn_detection": "session.audio.input.turn_detection",
    "session.input_audio_transcription": "session.audio.input.transcription",
    "session.input_audio_noise_reduction": "session.audio.input.noise_reduction",
    "session.max_response_output_tokens": "session.max_output_tokens",
    "response.modalities": "response.output_modalities",
    "response.voice": "response.audio.output.voice",
    "response.output_audio_format": "response.audio.output.format",
    "response.max_response_output_tokens": "response.max_output_tokens",
}
_RENAMED = {
    "conversation.item.created": "conversation.item.added",
    "response.audio.delta": "response.output_audio.delta",
    "response.audio.done": "response.output_audio.done",
    "response.audio_transcript.delta": "response.output_audio_transcript.delta",
    "response.audio_transcript.done": "response.output_audio_transcript.done",
    "response.text.delta": "response.output_text.delta",
    "response.text.done": "response.output_text.done",
}


def _sound(value: Any, path: str) -> Any:
    decode_audio(value, path, _ANY_RATE)
    return value


def _session(value: Any, path: str) -> Any:
    kind = value.get("type") if is_object(value) else None
    if kind not in (None, "realtime", "transcription"):
        raise invalid_value("session.type", kind, ("realtime", "transcription"))
    shape = TRANSCRIPTION if kind == "transcription" else REALTIME
    return fields_present(shape, "type")(value, path)


def fields_present(shape: Shape, *names: str) -> Shape:
    """``shape``, and these fields are there."""

    def check(value: Any, path: str) -> Any:
        checked = shape(value, path)
        fields(dict.fromkeys(checked, _anything), *names)(value, path)
        return checked

    return check


def _anything(value: Any, path: str) -> Any:
    return value


_APPEND = fields(
    {"type": text(), "event_id": nullable(text()), "audio": _sound}, "audio"
)
_CONVERSATION = {**SHAPES, "input_audio_buffer.append": _APPEND}
_TRANSLATION = {**TRANSLATION_SHAPES, "session.input_audio_buffer.append": _APPEND}
_INNER: dict[str, tuple[str, Shape]] = {
    "session.update": ("session", _session),
    "conversation.item.create": ("item", ITEM),
    "response.create": ("response", RESPONSE),
}


class Judge:
    """Looks at the messages of one session.

    Args:
        translates: it is a translation session, which has other events.
    """

    def __init__(self, *, translates: bool = False) -> None:
        self._shapes = _TRANSLATION if translates else _CONVERSATION
        self._inner = {} if translates else _INNER
        self._sides: dict[Sender, Callable[[str], list[str]]] = {
            "client": self._client,
            "server": self._server,
        }

    def wrong(self, sender: Sender, message: str | bytes) -> list[str]:
        """What is wrong with a message; nothing, mostly. Without keys."""
        if isinstance(message, bytes):
            return [_WIRE.format(len(message))]
        return [clean_text(each) for each in self._sides[sender](message)]

    def _client(self, message: str) -> list[str]:
        event = object_in(message)
        if event is None:
            return ["expected a JSON object with a type, got something else"]
        kind = event.get("type")
        if not isinstance(kind, str):
            return ["it has no type: expected one of the client's events"]
        shape = self._shapes.get(kind)
        if shape is None:
            return [self._unknown(kind)]
        try:
            shape(event, "")
            if kind in self._inner:
                name, inner = self._inner[kind]
                if event.get(name) is not None:
                    inner(event[name], name)
        except Refusal as refusal:
            return [f"{kind}: {_where(refusal)}{_hint(refusal.param)}"]
        return []

    def _unknown(self, kind: str) -> str:
        shown = kind[:60]
        if kind in SERVER_EVENTS:
            return f"{shown} is the service's to send, not the client's"
        if kind == "output_audio_buffer.clear":
            return f"{shown} is for WebRTC and SIP calls; here the client plays"
        if kind in ALL_EVENTS:
            return f"{shown} is not an event of this kind of session"
        return f"there is no client event {shown}{_similar(kind, [*self._shapes])}"

    def _server(self, message: str) -> list[str]:
        dropped: list[str] = []
        try:
            event = parse(message, dropped)
        except BadEvent as bad:
            return [str(bad)]
        kind = event.type
        wrong = [f"{kind}: {each} cannot be understood" for each in dropped]
        if kind not in SERVER_MODELS and kind not in SERVER_EVENTS:
            shown = kind[:60]
            new = _RENAMED.get(kind)
            known = f"; it is {new} now" if new else _similar(kind, SERVER_EVENTS)
            wrong.append(f"voxpipe knows no server event {shown}{known}")
        elif kind in SERVER_MODELS and getattr(event, "is_nameless", False):
            wrong.append(f"{kind}: it does not say what it is about")
        if kind == "error":
            wrong.append(_refused(object_in(message) or {}))
        return wrong


def _where(refusal: Refusal) -> str:
    param = refusal.param
    is_said = param is None or param in refusal.message
    return refusal.message if is_said else f"{param}: {refusal.message}"


def _hint(param: str | None) -> str:
    moved = _MOVED.get(param or "")
    if moved:
        return f" It is '{moved}' since the beta API."
    if param == "session.temperature":
        return " There is none since the beta API."
    return ""


def _similar(kind: str, known: Sequence[str]) -> str:
    near = get_close_matches(kind, known, 1)
    return f": is it {near[0]}?" if near else ""


def _refused(event: dict[str, Any]) -> str:
    error: Any = event.get("error")
    if not is_object(error):
        return "error: it does not say which"
    about = error.get("event_id")
    asked = f" (about {str(about)[:60]})" if about else ""
    return f"the service says: {str(error.get('message'))[:300]}{asked}"
